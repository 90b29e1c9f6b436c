// The live log of an app: a WebSocket at the app's own address, `/logz/stream`. The client sends one frame, the text to
// search for; each frame of the server is a line as JSON.
import type { AppLogLine } from '@lakelet/api'
import type { TokenSource } from '../../config/token-source.ts'

export interface LogStreamOptions {
  /** Address of the app, with its scheme. */
  readonly url: string
  readonly tokens: TokenSource
  readonly search: string
  readonly signal: AbortSignal
  /** Lines up to this time (seconds since 1970) were shown before the connection was lost. */
  readonly since: number
  readonly onLine: (line: AppLogLine) => Promise<void> | undefined
}

export interface LogStreamEnd {
  readonly lastTimestamp: number
}

/** Close codes that ask for a new token. */
const UNAUTHORIZED = [4401, 4403]

/** Shows lines until the connection ends or the signal is aborted. */
export async function followLogs(options: LogStreamOptions): Promise<LogStreamEnd> {
  const token = await options.tokens.token()
  const url = new URL('/logz/stream', options.url.replace(/^http/, 'ws'))
  const headers = { authorization: `Bearer ${token.accessToken}`, origin: new URL(options.url).origin }
  const socket = new WebSocket(url, { headers })
  const stop = (): void => socket.close()
  options.signal.addEventListener('abort', stop, { once: true })
  let lastTimestamp = options.since
  let shown = Promise.resolve()
  try {
    const code = await new Promise<number>((resolve) => {
      socket.addEventListener('open', () => socket.send(options.search))
      socket.addEventListener('message', ({ data }) => {
        const line = lineOf(data)
        if (!line || line.timestamp <= options.since) return
        lastTimestamp = Math.max(lastTimestamp, line.timestamp)
        shown = shown.then(() => options.onLine(line))
      })
      socket.addEventListener('error', () => {
        // A close event follows and says what there is to know.
      })
      socket.addEventListener('close', (event) => resolve(event.code))
    })
    await shown
    if (UNAUTHORIZED.includes(code)) await options.tokens.token(true)
  } finally {
    options.signal.removeEventListener('abort', stop)
  }
  return { lastTimestamp }
}

/** The line in a frame; plain text stands for itself, a single NUL only keeps the connection alive. */
function lineOf(data: unknown): AppLogLine | undefined {
  if (typeof data !== 'string' || data === '\0') return undefined
  try {
    const value = JSON.parse(data) as Partial<AppLogLine> | null
    if (typeof value?.message === 'string' && typeof value.timestamp === 'number') return value as AppLogLine
  } catch {
    // Not JSON: shown as it is.
  }
  return { source: 'SYSTEM', timestamp: Date.now() / 1000, message: data }
}
