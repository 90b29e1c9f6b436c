// One row of the recorded calls. The witness says who saw the answer: `cloud` is a recording that the CLI's own acceptance tests check against
// the cloud, `testserver` the stand-in those tests run against, `client` what a client needs of the answer, `lakelet` a difference that is meant.

export type Witness = 'cloud' | 'testserver' | 'client' | 'lakelet'

export interface RecordedCall {
  readonly area: string
  readonly call: string
  readonly body?: object
  readonly status: number
  /** What the reply holds; more may be there. */
  readonly reply?: object
  /** Fields that the reply must not have, as paths with dots. */
  readonly absent?: readonly string[]
  readonly witness: Witness
  /** For people: what the row is about, where the call does not say it. */
  readonly note?: string
}
