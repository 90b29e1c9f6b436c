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
