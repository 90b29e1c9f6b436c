import type { ChangeTopic } from '@lakelet/api'
import type { Metadata, Queries } from '../metadata/database.ts'

/** What the kept answers may hold together, and one of them. Text is counted as JSON with the two bytes that a character takes at most. */
const MOST_BYTES = 16 * 1024 * 1024
const MOST_BYTES_EACH = 4 * 1024 * 1024

/** An entry costs this much beside its content. */
const ENTRY_BYTES = 400

/** Answers of metadata queries, kept while nothing of the topics that they are about changes. */
export class ReadCache {
  readonly #metadata: Metadata
  readonly #topics: readonly ChangeTopic[]
  readonly #entries = new Map<string, unknown>()
  #bytes = 0
  #revision = -1

  /** `topics` are those of every table that a `load` reads. */
  constructor(metadata: Metadata, topics: readonly ChangeTopic[]) {
    this.#metadata = metadata
    this.#topics = topics
  }

  /** The answer of `load`, which must depend on nothing but `key` and stored rows of the topics, and be what JSON can hold. */
  async read<T>(key: string, load: (queries: Queries) => Promise<T>): Promise<T> {
    const revision = this.#latest()
    if (revision !== this.#revision) {
      this.#clear()
      this.#revision = revision
    }
    // Only `load` of the same key put it there, so the type is right.
    if (this.#entries.has(key)) return this.#entries.get(key) as T
    const value = await load(this.#metadata.db)
    if (this.#latest() === revision && !this.#entries.has(key)) this.#keep(key, value)
    return value
  }

  #latest(): number {
    return this.#metadata.changes.latestOf(this.#topics)
  }

  /** Keys come from what clients send, so what is asked for once must not push memory up: beyond the bound all begins anew. */
  #keep(key: string, value: unknown): void {
    const bytes = ENTRY_BYTES + 2 * (key.length + (JSON.stringify(value) ?? '').length)
    if (bytes > MOST_BYTES_EACH) return
    if (this.#bytes + bytes > MOST_BYTES) this.#clear()
    this.#entries.set(key, value)
    this.#bytes += bytes
  }

  #clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}
