import { useQueryClient } from '@tanstack/react-query'
import { useIsAway } from '../api/reach.ts'
import { t } from '../text/index.ts'

/** Says that the server is away; reads go on asking and the bar goes by itself. */
export function OfflineBar() {
  const client = useQueryClient()
  const isAway = useIsAway()
  return (
    <div role="status">
      {isAway && (
        <div className="flex items-center justify-center gap-3 bg-warning-tint px-4 py-2">
          {t.shell.reconnecting}
          <button type="button" className="underline" onClick={() => void client.refetchQueries()}>
            {t.common.retry}
          </button>
        </div>
      )}
    </div>
  )
}
