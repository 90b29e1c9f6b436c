import { t } from '../text/index.ts'
import { ErrorPanel } from '../ui/error-panel.tsx'
import { Page } from '../ui/page.tsx'

/** Where a page itself failed. A part that a newer build has replaced is fetched by loading the page again. */
export function PageError({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  const isChunk = error instanceof TypeError && /dynamically imported module/i.test(error.message)
  return (
    <Page title={t.errors.unexpected}>
      <ErrorPanel error={error} onRetry={isChunk ? () => location.reload() : reset} />
    </Page>
  )
}
