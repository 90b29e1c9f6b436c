/** A place to wait for "something changed": `notify` wakes everyone who waits now. */
export class Signal {
  #waiting = Promise.withResolvers<void>()

  notify(): void {
    const { resolve } = this.#waiting
    this.#waiting = Promise.withResolvers<void>()
    resolve()
  }

  wait(): Promise<void> {
    return this.#waiting.promise
  }
}
