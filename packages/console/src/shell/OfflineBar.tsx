import { useIsFetching, useQueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/call.ts'
import { t } from '../text/index.ts'

/** Says that the server is away; reads go on asking and the bar goes by itself. */
export function OfflineBar() {
  const client = useQueryClient()
  const isAway =
    useIsFetching({
      predicate: ({ state }) =>
        state.fetchFailureReason instanceof ApiError && state.fetchFailureReason.status === 0,
    }) > 0
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
