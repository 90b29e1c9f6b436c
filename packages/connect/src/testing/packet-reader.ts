import { MessageFramer } from '@lakelet/wire'
import type { Socket } from 'node:net'

/** Reads the packets of a handshake from a socket, then lets go of it. */
export class PacketReader {
  readonly #framer = new MessageFramer()
  readonly #socket: Socket
  #wake = () => {}
  #isClosed = false
  readonly #onData = (chunk: Buffer) => {
    this.#framer.push(chunk)
    this.#wake()
  }
  readonly #onClose = () => {
    this.#isClosed = true
    this.#wake()
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', this.#onData).on('close', this.#onClose).on('end', this.#onClose)
  }

  get isEmpty(): boolean {
    return this.#framer.buffered === 0
  }

  packet(): Promise<Buffer> {
    return this.#until(() => this.#framer.nextUntyped())
  }

  message() {
    return this.#until(() => this.#framer.next())
  }

  /** Whether another byte comes before the other side hangs up. */
  async byteOrEnd(): Promise<boolean> {
    return this.#until(() => this.#framer.nextByte()).then(
      () => true,
      () => false,
    )
  }

  release(): Buffer {
    this.#socket.off('data', this.#onData).off('close', this.#onClose).off('end', this.#onClose)
    this.#socket.pause()
    return this.#framer.takeRest()
  }

  async #until<T>(take: () => T | undefined): Promise<T> {
    for (;;) {
      const found = take()
      if (found !== undefined) return found
      if (this.#isClosed) throw new Error('the client hung up')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
