// What `--debug` shows: each request and its reply, without what would let a reader in.
import type { Terminal } from '../command/terminal.ts'

/** Names of fields, form parameters and query parameters whose values are secrets. */
const SECRET =
  /^(?!error_code$|(next_)?page_token$)(.*_)?(token|secret|password|pwd|code|code_verifier|assertion|private_key|bytes_value|string_value)(_value)?$/i

/** Longest body that is shown, in characters. */
const LONGEST_BODY = 4000

const HIDDEN = '********'

/** `send`, with a line for each request and reply on standard error, and their bodies where they are text of the API. */
export function traced(send: typeof fetch, { stderr }: Pick<Terminal, 'stderr'>): typeof fetch {
  return async (input, init) => {
    const started = performance.now()
    const address = shownAddress(input instanceof Request ? input.url : String(input))
    const line = `${init?.method ?? 'GET'} ${address}`
    stderr(`> ${line}\n${indented('>', shownRequest(init))}`)
    try {
      const reply = await send(input, init)
      const time = `${Math.round(performance.now() - started)} ms`
      stderr(`< ${line} → ${reply.status} in ${time}\n${indented('<', await shownReply(reply))}`)
      return reply
    } catch (error) {
      stderr(`< ${line} failed: ${error instanceof Error ? error.message : String(error)}\n`)
      throw error
    }
  }
}

function shownRequest(init: RequestInit | undefined): string {
  const { body } = init ?? {}
  if (body === undefined || body === null) return ''
  if (typeof body !== 'string') return body instanceof Uint8Array ? `[${body.byteLength} bytes]` : '[bytes]'
  const type = new Headers(init?.headers).get('content-type') ?? ''
  return shownText(body, type)
}

async function shownReply(reply: Response): Promise<string> {
  const type = reply.headers.get('content-type') ?? ''
  // Anything else is a file or a stream, which is read by whom it is for.
  if (!/\bjson\b/.test(type)) return ''
  return shownText(await reply.clone().text(), type)
}

function shownText(text: string, type: string): string {
  if (type.includes('x-www-form-urlencoded')) return shownParameters(text)
  try {
    const shown = JSON.stringify(withoutSecrets(JSON.parse(text)), null, 2)
    return shown.length > LONGEST_BODY
      ? `${shown.slice(0, LONGEST_BODY)} … (${shown.length} characters)`
      : shown
  } catch {
    return `[${text.length} characters]`
  }
}

/** `value` with stars where a field holds a secret, at any depth; also in addresses that sign in. */
export function withoutSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutSecrets(each))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutSecrets(each, key)]))
  }
  if (typeof value !== 'string') return value
  if (SECRET.test(name)) return HIDDEN
  return value.startsWith('http') ? shownAddress(value) : value
}

function shownAddress(url: string): string {
  const at = url.indexOf('?')
  return at === -1 ? url : `${url.slice(0, at + 1)}${shownParameters(url.slice(at + 1))}`
}

function shownParameters(text: string): string {
  return text
    .split('&')
    .map((pair) => {
      const name = pair.split('=')[0] ?? ''
      return SECRET.test(name) ? `${name}=${HIDDEN}` : pair
    })
    .join('&')
}

function indented(mark: string, text: string): string {
  return text === '' ? '' : text.replace(/^/gm, `${mark} `).concat('\n')
}
