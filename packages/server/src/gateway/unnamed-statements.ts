// The unnamed prepared statement of a session. No catalog knows it, so who wants it back after its server has gone keeps the message that made it.
// Postgres keeps it until the next Parse without a name, whether that succeeds or not, or the next simple query (postgres.c, drop_unnamed_stmt).
import type { OnBody } from './header-scanner.ts'

/** A Parse that is on its way, and its body once it is whole. */
interface Sent {
  body?: Buffer
  isTooLong?: boolean
}

/** More at once, and it is not known which of them the server took. */
const MOST_SENT = 64

export class UnnamedStatements {
  #sent: Sent[] = []
  #current: Sent | undefined
  #isLost = false

  /** The body of the Parse that made the statement there is now; undefined where there is none, or it `isUnknown`. */
  get body(): Buffer | undefined {
    return this.#current?.body
  }

  /** There is one, but it cannot be made again. */
  get isUnknown(): boolean {
    return this.#isLost || this.#current?.isTooLong === true
  }

  /** The client sends one. */
  parse(): OnBody | undefined {
    if (this.#sent.length >= MOST_SENT) this.#isLost = true
    if (this.#isLost) return undefined
    const sent: Sent = {}
    this.#sent.push(sent)
    return (body) => {
      if (body) sent.body = body
      else sent.isTooLong = true
    }
  }

  /** The oldest that was sent was dealt with: made, refused, or skipped because of an error before it. */
  answered(outcome: 'made' | 'refused' | 'skipped'): void {
    const sent = this.#sent.shift()
    if (outcome !== 'skipped') this.#current = outcome === 'made' ? sent : undefined
  }

  /** A simple query was answered. */
  dropped(): void {
    this.#current = undefined
    if (this.#sent.length === 0) this.#isLost = false
  }
}
