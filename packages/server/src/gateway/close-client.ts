import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'

/** A closing client is waited for this long, and again as long as it still takes bytes. */
const LINGER_MS = 2_000
const LINGER_BEHIND_MS = 10_000
/** … but no longer than this, however slowly it takes them. */
const LONGEST_LINGER_MS = 60_000

/** Ends the connection of a client that has been sent its last bytes; resolves when it is closed. */
export async function closeClient(client: Socket, clock: Clock): Promise<void> {
  if (client.destroyed) return
  const left = new AbortController()
  client.once('close', () => left.abort())
  // Reading on keeps a late byte of the client from turning our last message into a reset.
  client.removeAllListeners('data')
  client.resume()
  client.end()
  let behind: number
  const latest = clock.monotonicMs() + LONGEST_LINGER_MS
  do {
    behind = client.writableLength
    await clock.sleep(behind > 0 ? LINGER_BEHIND_MS : LINGER_MS, left.signal).catch(() => {})
  } while (!left.signal.aborted && client.writableLength < behind && clock.monotonicMs() < latest)
  client.destroy()
}
