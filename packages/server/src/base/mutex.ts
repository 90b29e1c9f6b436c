/** Runs functions of the same key one after the other, in the order they came; other keys are not held up. */
export class KeyedMutex<K> {
  readonly #tails = new Map<K, Promise<void>>()

  async run<V>(key: K, work: () => Promise<V>): Promise<V> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const done = Promise.withResolvers<void>()
    const tail = before.then(() => done.promise)
    this.#tails.set(key, tail)
    await before
    try {
      return await work()
    } finally {
      done.resolve()
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
