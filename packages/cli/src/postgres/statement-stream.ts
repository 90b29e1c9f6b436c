// Statements sent as one simple query, whose results are handed on row by row. What pg calls on it is what it calls on its own queries.
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { type Readable, addAbortSignal } from 'node:stream'
import type { Submittable } from 'pg'

export interface Column {
  readonly name: string
  /** OID of its type. */
  readonly type: number
}

/** Takes what statements give, in the order in which the server sends it. */
export interface SqlReader {
  /** The rows of a statement follow. */
  columns(columns: readonly Column[]): void
  /** Values as text, as Postgres writes them. */
  row(values: readonly (string | null)[]): void
  /** Data of COPY … TO STDOUT. */
  copied(chunk: Uint8Array): void
  /** A statement is done; `tag` is the server's: `SELECT 3`, `CREATE TABLE`. */
  done(tag: string): void
  /** A promise while no more should come; it resolves when more may. */
  pressure(): Promise<unknown> | undefined
}

/** What of pg's connection is used here. */
interface Wire {
  readonly stream: Duplex
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

export class StatementStream implements Submittable {
  /** Resolves after the last statement; rejects with the error of the first that failed. */
  readonly finished: Promise<void>
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void }
  readonly #sql: string
  readonly #reader: SqlReader
  readonly #input: Readable | undefined
  readonly #inputEnds = new AbortController()
  #wire: Wire | undefined
  #isWaiting = false

  constructor(sql: string, reader: SqlReader, input?: Readable) {
    this.#sql = sql
    this.#reader = reader
    this.#input = input
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.finished = promise
    this.#settle = { resolve, reject }
  }

  submit(connection: unknown): void {
    this.#wire = connection as Wire
    this.#wire.query(this.#sql)
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.#reader.columns(fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })))
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#reader.row(fields)
    this.#yield()
  }

  handleCopyData({ chunk }: { chunk: Uint8Array }): void {
    this.#reader.copied(chunk)
    this.#yield()
  }

  handleCopyInResponse(): void {
    void this.#sendInput().catch((error: unknown) => {
      if (!this.#inputEnds.signal.aborted)
        this.#wire?.sendCopyFail(error instanceof Error ? error.message : String(error))
    })
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#reader.done(text)
  }

  handleEmptyQuery(): void {}

  /** After an error pg calls nothing else. */
  handleError(error: unknown): void {
    this.#inputEnds.abort()
    this.#settle.reject(error)
  }

  handleReadyForQuery(): void {
    this.#settle.resolve()
  }

  /** Stops reading from the server while the reader cannot take more. */
  #yield(): void {
    if (this.#isWaiting) return
    const pressure = this.#reader.pressure()
    if (!pressure) return
    const stream = this.#wire?.stream
    this.#isWaiting = true
    stream?.pause()
    const goOn = (): void => {
      this.#isWaiting = false
      stream?.resume()
    }
    pressure.then(goOn, goOn)
  }

  async #sendInput(): Promise<void> {
    const wire = this.#wire
    if (!wire) return
    if (!this.#input)
      throw new Error('the SQL came from standard input; give it as an argument or with --file')
    const input = addAbortSignal(this.#inputEnds.signal, this.#input)
    for await (const chunk of input as AsyncIterable<Buffer>) {
      wire.sendCopyFromChunk(chunk)
      if (wire.stream.writableNeedDrain) await once(wire.stream, 'drain', { signal: this.#inputEnds.signal })
    }
    wire.endCopyFrom()
  }
}
