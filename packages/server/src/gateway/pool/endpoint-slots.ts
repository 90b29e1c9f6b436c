/** How many backends the pools of one endpoint may have in all: a compute takes only so many, and sessions without a pool need some. */
export class EndpointSlots {
  readonly #share: number
  #total: number
  #taken = 0
  /** Pools whose clients wait and that may not open. */
  readonly hungry = new Set<object>()

  /** `threads`: how many have pools of their own for the endpoint; each takes its part. */
  constructor(threads: number) {
    this.#share = 1 / threads
    this.#total = Math.max(1, Math.floor(UNKNOWN * this.#share))
  }

  /** The compute said how many connections it takes. */
  learn(maxConnections: number): void {
    this.#total = Math.max(1, Math.floor(maxConnections * POOLED_SHARE * this.#share))
  }

  get total(): number {
    return this.#total
  }

  get isFull(): boolean {
    return this.#taken >= this.#total
  }

  take(): void {
    this.#taken += 1
  }

  giveBack(): void {
    this.#taken -= 1
  }
}

/** Of max_connections, as the pooler of Lakebase has it. */
const POOLED_SHARE = 0.9
/** Until the first backend has said. */
const UNKNOWN = 20
