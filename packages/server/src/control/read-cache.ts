import type { Metadata, Queries } from '../metadata/database.ts'

/** What the kept answers may hold together, and one of them; as characters of JSON, which is about half of what they take. */
const MOST_CHARACTERS = 8 * 1024 * 1024
const MOST_CHARACTERS_EACH = 2 * 1024 * 1024

/** An entry costs this much beside its content. */
const ENTRY_CHARACTERS = 200

/** Answers of metadata queries, kept while no row changes. The whole store is one process's, so its revision tells. */
export class ReadCache {
  readonly #metadata: Metadata
  readonly #entries = new Map<string, unknown>()
  #characters = 0
  #revision = -1

  constructor(metadata: Metadata) {
    this.#metadata = metadata
  }

  /** The answer of `load`, which must depend on nothing but `key` and the stored rows, and be what JSON can hold. */
  async read<T>(key: string, load: (queries: Queries) => Promise<T>): Promise<T> {
    const revision = this.#metadata.revision()
    if (revision !== this.#revision) {
      this.#clear()
      this.#revision = revision
    }
    // Only `load` of the same key put it there, so the type is right.
    if (this.#entries.has(key)) return this.#entries.get(key) as T
    const value = await load(this.#metadata.db)
    if (this.#metadata.revision() === revision && !this.#entries.has(key)) this.#keep(key, value)
    return value
  }

  /** Keys come from what clients send, so what is asked for once must not push memory up: beyond the bound all begins anew. */
  #keep(key: string, value: unknown): void {
    const characters = ENTRY_CHARACTERS + key.length + (JSON.stringify(value) ?? '').length
    if (characters > MOST_CHARACTERS_EACH) return
    if (this.#characters + characters > MOST_CHARACTERS) this.#clear()
    this.#entries.set(key, value)
    this.#characters += characters
  }

  #clear(): void {
    this.#entries.clear()
    this.#characters = 0
  }
}
