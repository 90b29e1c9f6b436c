// A call of the API as a command, and as curl would make it.
import { requestOf } from '../api/call.ts'
import { withoutSecrets, type Write } from '../api/writes.ts'
import { t } from '../text/index.ts'
import { Snippet } from '../ui/copy.tsx'
import { cliLine, quoted } from './cli-line.ts'

export function Call({ id, input }: Write) {
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

/** The call that a form would make as it stands, behind a line that opens. */
export function AsCall({ id, input }: Write) {
  const shown = input.body === undefined ? input : { ...input, body: withoutSecrets(input.body) }
  return (
    <details className="mb-2 border-t border-line pt-3">
      <summary className="cursor-pointer text-accent">{t.calls.title}</summary>
      <div className="mt-2">
        <Call id={id} input={shown} />
      </div>
    </details>
  )
}
