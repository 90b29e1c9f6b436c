// Prepared statements of the protocol across backends. What a client calls `s1` is, on every backend, a name of ours that stands for its
// text and the types of its parameters; clients that prepare the same share it.
import { randomBytes } from 'node:crypto'
import { type TextFacts, textFacts } from './text-facts.ts'

/** A statement as some client prepared it. */
export interface Statement {
  /** Its name on backends. */
  readonly name: string
  /** Of its Parse message what follows the name: text and types of parameters. */
  readonly definition: Buffer
  readonly facts: TextFacts
}

/** What clients still use is kept by them; the rest, so that a client that comes again finds its statements, within these. */
const MOST_KEPT = 5_000
const MOST_KEPT_BYTES = 32 * 1024 * 1024

/** Nobody can guess the names, so no statement of a client's own making meets them. */
const PREFIX = `lakelet_${randomBytes(6).toString('hex')}_`

export class StatementRegistry {
  readonly #byDefinition = new Map<string, Statement>()
  #bytes = 0
  #next = 1

  /** The statement with this definition. */
  of(definition: Buffer): Statement {
    const key = definition.toString('latin1')
    const known = this.#byDefinition.get(key)
    if (known) return known
    const text = key.slice(0, key.indexOf('\0'))
    const statement = {
      name: `${PREFIX}${this.#next++}`,
      definition: Buffer.from(definition),
      facts: textFacts(text),
    }
    this.#byDefinition.set(key, statement)
    this.#bytes += key.length
    this.#trim()
    return statement
  }

  /** Its plan is stale: who prepares it from now on gets another name. */
  forget(statement: Statement): void {
    const key = statement.definition.toString('latin1')
    if (this.#byDefinition.get(key) !== statement) return
    this.#byDefinition.delete(key)
    this.#bytes -= key.length
  }

  #trim(): void {
    for (const key of this.#byDefinition.keys()) {
      if (this.#byDefinition.size <= MOST_KEPT && this.#bytes <= MOST_KEPT_BYTES) return
      this.#byDefinition.delete(key)
      this.#bytes -= key.length
    }
  }
}
