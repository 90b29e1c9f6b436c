// What a stream owes whoever wrote into it: a word when that is done.
import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/** Sends on, and says "done" only when the server keeps up: the driver's own back-pressure works. */
export function forward(socket: Socket, chunk: Buffer, done: Done): void {
  if (socket.write(chunk)) {
    done()
    return
  }
  const settled = () => {
    socket.off('drain', settled).off('close', settled)
    done()
  }
  socket.on('drain', settled).on('close', settled)
}

/** Tells a stream callback how a promise ended, outside of the promise. */
export function settle(promise: Promise<void>, done: Done): void {
  promise.then(
    () => process.nextTick(done),
    (error: unknown) => process.nextTick(done, error instanceof Error ? error : new Error(String(error))),
  )
}
