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

/** Runs the function once for all who ask while it runs, per key. */
export class SingleFlight<K, V> {
  readonly #running = new Map<K, Promise<V>>()

  run(key: K, start: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key)
    if (running) return running
    const started = start().finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }
}
