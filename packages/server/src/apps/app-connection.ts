// The connection that carries one request to an app. An app may answer before it has read the whole request and close: what we still
// write then meets a reset, while the answer lies in our own socket, unread. So a failed write ends nothing here. What is written after
// it is dropped, and reading goes on to the end, which always comes: the system ends a connection that was reset for both directions.
import { Socket } from 'node:net'
import type { ListeningSocket } from './process-table.ts'

type Written = (error?: Error | null) => void

/** Opens a connection on which a failed write leaves the answer readable. */
export function connectToApp({ host, port }: ListeningSocket): Socket {
  return new AppConnection().connect({ host, port })
}

class AppConnection extends Socket {
  /** Whether the app has stopped reading. */
  #isUnread = false

  override _write(chunk: unknown, encoding: BufferEncoding, written: Written): void {
    if (this.#isUnread) written()
    else super._write(chunk, encoding, this.#forgiving(written))
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], written: Written): void {
    if (this.#isUnread) written()
    else super._writev?.(chunks, this.#forgiving(written))
  }

  override _final(ended: Written): void {
    super._final(() => {
      ended()
    })
  }

  /** A reset after the answer began is how a connection ends whose app left bytes unread; whether the answer is whole, HTTP tells. */
  override destroy(error?: Error): this {
    const isReset = error !== undefined && 'code' in error && error.code === 'ECONNRESET'
    if (!isReset || this.bytesRead === 0 || this.readableEnded) return super.destroy(error)
    this.push(null)
    this.read(0)
    return this
  }

  #forgiving(written: Written): Written {
    return (error) => {
      this.#isUnread ||= error !== undefined && error !== null
      written()
    }
  }
}
