// What went wrong, why, and what to do.
import { ApiError } from '../api/call.ts'
import { errorText } from '../api/error-text.ts'
import { t } from '../text/index.ts'
import { Button } from './button.tsx'
import { ForeignText } from './foreign-text.tsx'
import { TriangleAlert } from './icons.ts'

export function ErrorPanel({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { title, text, remedy } = errorText(error)
  return (
    <div role="alert" className="rounded-panel border-l-4 border-danger bg-danger-tint px-4 py-3">
      <p className="flex items-center gap-2 font-semibold">
        <TriangleAlert size={16} aria-hidden className="shrink-0 text-danger" />
        {title}
      </p>
      <p className="mt-1 [overflow-wrap:anywhere]">
        <ForeignText text={text} />
      </p>
      {remedy && <p className="mt-1">{remedy}</p>}
      {error instanceof ApiError && error.status > 0 && (
        <p className="mt-2 text-meta text-dim [overflow-wrap:anywhere]">
          <code className="text-meta">
            {error.status} {error.errorCode} · {error.request}
          </code>
        </p>
      )}
      {onRetry && (
        <Button className="mt-3" onClick={onRetry}>
          {t.common.retry}
        </Button>
      )}
    </div>
  )
}
