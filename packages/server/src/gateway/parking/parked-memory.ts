// What parked sessions keep for their clients, all those of one thread together: a client that is away costs memory, and nobody may take all of it.

/** Room for the state of one session, given back when it is disposed. */
export interface ParkedRoom extends Disposable {
  readonly bytes: number
}

export class ParkedMemory {
  readonly #mostBytes: number
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** Undefined where there is not as much left. */
  take(bytes: number): ParkedRoom | undefined {
    if (this.#bytes + bytes > this.#mostBytes) return undefined
    this.#bytes += bytes
    let isGiven = false
    return {
      bytes,
      [Symbol.dispose]: () => {
        if (!isGiven) this.#bytes -= bytes
        isGiven = true
      },
    }
  }
}
