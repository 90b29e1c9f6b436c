// `/logz/stream`: the protocol of `databricks apps logs`. The client's first frame is a search term; then every line is a text frame of
// JSON, the latest ones first and new ones as they come. A frame of one NUL byte keeps the connection alive.
import { type WebSocket, WebSocketServer } from 'ws'
import type { AppLogLine } from '@lakelet/api'
import type { AppLog } from './app-logs.ts'

const LINES_SENT = 1000
const KEEP_ALIVE_MS = 15_000
const SEARCH_WAIT_MS = 1000
/** Characters of earlier lines that a new reader gets. */
const CHARACTERS_SENT = 1024 * 1024
/** A reader this far behind, in bytes, is dropped rather than kept in memory. */
const LARGEST_BACKLOG = 4 * 1024 * 1024
/** Readers of one log at a time. */
const MOST_READERS = 32

export function createLogStreamServer(): WebSocketServer {
  return new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false })
}

const readersOf = new WeakMap<AppLog, number>()

/** The last of `lines` that are not too much for a new reader. */
function latest(lines: readonly AppLogLine[]): readonly AppLogLine[] {
  let first = lines.length
  let characters = 0
  while (first > 0) {
    characters += lines[first - 1]?.message.length ?? 0
    if (characters > CHARACTERS_SENT) break
    first -= 1
  }
  return lines.slice(first)
}

/** Streams `log` over `socket` until it closes. */
export function streamLog(socket: WebSocket, log: AppLog): void {
  const readers = readersOf.get(log) ?? 0
  if (readers >= MOST_READERS) {
    socket.close(1013, `this log has ${MOST_READERS} readers already`)
    return
  }
  readersOf.set(log, readers + 1)
  let unsubscribe = () => {}
  let isStreaming = false
  const start = (search: string) => {
    if (isStreaming) return
    isStreaming = true
    const send = (line: AppLogLine) => {
      if (search !== '' && !line.message.toLowerCase().includes(search.toLowerCase())) return
      if (socket.bufferedAmount > LARGEST_BACKLOG) {
        unsubscribe()
        // A reader who takes nothing would not take the reason either.
        socket.terminate()
      } else socket.send(JSON.stringify(line))
    }
    for (const line of latest(log.tail(LINES_SENT))) send(line)
    unsubscribe = log.subscribe(send)
  }
  // A client that names no search term gets everything.
  const waiting = setTimeout(() => {
    start('')
  }, SEARCH_WAIT_MS)
  const keepAlive = setInterval(() => {
    socket.send('\0')
  }, KEEP_ALIVE_MS)
  socket.once('message', (data: Buffer) => {
    start(data.toString('utf8'))
  })
  socket.on('error', () => {
    socket.terminate()
  })
  socket.once('close', () => {
    readersOf.set(log, (readersOf.get(log) ?? 1) - 1)
    clearTimeout(waiting)
    clearInterval(keepAlive)
    unsubscribe()
  })
}
