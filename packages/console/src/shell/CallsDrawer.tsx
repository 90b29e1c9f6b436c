// How a command or a script does what the page does: what it reads, and what was changed from here lately.
import { useQueryClient } from '@tanstack/react-query'
import type { LooseInput, RouteId } from '../api/types.ts'
import { useWrites, type Write } from '../api/writes.ts'
import { t } from '../text/index.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Call } from './Call.tsx'

export function CallsDrawer({ onClose }: { readonly onClose: () => void }) {
  const reads = useReads()
  const writes = useWrites()
  return (
    <Dialog title={t.calls.title} description={t.calls.intro} onClose={onClose} isWide>
      <h3 className="mt-2 mb-1 font-semibold">{t.calls.reads}</h3>
      {reads.map((each, index) => (
        <Call key={index} {...each} />
      ))}
      {writes.length > 0 && <h3 className="mt-4 mb-1 font-semibold">{t.calls.writes}</h3>}
      {writes.map((each, index) => (
        <Call key={index} {...each} />
      ))}
    </Dialog>
  )
}

/** The calls whose answers are on the page now. */
function useReads(): readonly Write[] {
  const seen = new Set<string>()
  return useQueryClient()
    .getQueryCache()
    .findAll({ type: 'active' })
    .flatMap(({ queryKey }) => {
      const key = JSON.stringify(queryKey)
      if (!String(queryKey[0]).includes('.') || seen.has(key)) return []
      seen.add(key)
      // Keys that begin with a route's id are those of `read`.
      const [id, input] = queryKey as readonly [RouteId, LooseInput]
      return [{ id, input }]
    })
}
