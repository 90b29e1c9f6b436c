// `/logz/stream`: the protocol of `databricks apps logs`. The client's first frame is a search term; then every line is a text frame of
// JSON, the latest ones first and new ones as they come. A frame of one NUL byte keeps the connection alive.
import { type WebSocket, WebSocketServer } from 'ws'
import type { AppLogLine } from '@lakelet/api'
import type { AppLog } from './app-logs.ts'

const LINES_SENT = 1000
const KEEP_ALIVE_MS = 15_000
const SEARCH_WAIT_MS = 1000
/** A reader this far behind is dropped rather than kept in memory. */
const LARGEST_BACKLOG = 8 * 1024 * 1024

export function createLogStreamServer(): WebSocketServer {
  return new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false })
}

/** Streams `log` over `socket` until it closes. */
export function streamLog(socket: WebSocket, log: AppLog): void {
  let unsubscribe = () => {}
  let isStreaming = false
  const start = (search: string) => {
    if (isStreaming) return
    isStreaming = true
    const send = (line: AppLogLine) => {
      if (search !== '' && !line.message.toLowerCase().includes(search.toLowerCase())) return
      if (socket.bufferedAmount > LARGEST_BACKLOG) socket.close(1013, 'reader is too slow')
      else socket.send(JSON.stringify(line))
    }
    for (const line of log.tail(LINES_SENT)) send(line)
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
    clearTimeout(waiting)
    clearInterval(keepAlive)
    unsubscribe()
  })
}
