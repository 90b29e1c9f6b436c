import type { Metadata, Queries } from '../metadata/database.ts'

const MOST_ENTRIES = 5000

/** Answers of metadata queries, kept while no row changes. The whole store is one process's, so its revision tells. */
export class ReadCache {
  readonly #metadata: Metadata
  readonly #entries = new Map<string, unknown>()
  #revision = -1

  constructor(metadata: Metadata) {
    this.#metadata = metadata
  }

  /** The answer of `load`, which must depend on nothing but `key` and the stored rows. */
  async read<T>(key: string, load: (queries: Queries) => Promise<T>): Promise<T> {
    const revision = this.#metadata.revision()
    if (revision !== this.#revision) {
      this.#entries.clear()
      this.#revision = revision
    }
    // Only `load` of the same key put it there, so the type is right.
    if (this.#entries.has(key)) return this.#entries.get(key) as T
    const value = await load(this.#metadata.db)
    if (this.#metadata.revision() === revision && this.#entries.size < MOST_ENTRIES) {
      this.#entries.set(key, value)
    }
    return value
  }
}
