// How a command or a script does what the page does: what it reads, and what was changed from here lately.
import { useQueryClient } from '@tanstack/react-query'
import { requestOf } from '../api/call.ts'
import type { LooseInput, RouteId } from '../api/types.ts'
import { useWrites, type Write } from '../api/writes.ts'
import { t } from '../text/index.ts'
import { Snippet } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { cliLine, quoted } from './cli-line.ts'

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

function Call({ id, input }: Write) {
  const { method, url } = requestOf(id, input)
  const line = cliLine(id, input)
  return (
    <div className="mb-3">
      <p className="text-meta text-dim [overflow-wrap:anywhere]">
        <code>
          {method} {url}
        </code>
      </p>
      {line !== undefined && <Snippet label={t.calls.command} text={line} />}
      <Snippet label="curl" text={curl(method, url, input.body)} />
    </div>
  )
}

/** `$TOKEN` stands for a token of the reader. */
function curl(method: string, url: string, body: unknown): string {
  const words = ['curl', ...(method === 'GET' ? [] : ['-X', method])]
  const header = '-H "Authorization: Bearer $TOKEN"'
  const data = body === undefined ? [] : ['--json', quoted(JSON.stringify(body))]
  return [...words, header, ...data, quoted(`${location.origin}${url}`)].join(' ')
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
