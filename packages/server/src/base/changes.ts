// "Something of this kind changed", by topic. Nothing is queued: each topic has the number of its last change, so whoever was away reads what it
// missed from one number of its own, and a slow reader costs nothing.
import { CHANGE_TOPICS, type ChangeTopic } from '@lakelet/api'
import { Signal } from './signal.ts'

/** The topics of what is stored; how computes and sessions are is not. */
export const STORED_TOPICS: readonly ChangeTopic[] = CHANGE_TOPICS.filter(
  (topic) => topic !== 'computes' && topic !== 'sessions',
)

/** What changed after some moment, and the moment that this answer is as of. */
export interface ChangesSince {
  readonly revision: number
  readonly topics: readonly ChangeTopic[]
}

export class Changes {
  readonly #revisions = new Map<ChangeTopic, number>()
  readonly #signal = new Signal()
  #revision = 0

  /** Counts the changes of all topics. */
  get revision(): number {
    return this.#revision
  }

  /** Says that something of each topic changed; whoever waits is woken. */
  note(topics: readonly ChangeTopic[]): void {
    if (topics.length === 0) return
    this.#revision += 1
    for (const topic of topics) this.#revisions.set(topic, this.#revision)
    this.#signal.notify()
  }

  /** The revision of the topic's last change; 0 before the first. What was read of a topic is true as long as this stands. */
  revisionOf(topic: ChangeTopic): number {
    return this.#revisions.get(topic) ?? 0
  }

  /** The revision of the last change of any of the topics. */
  latestOf(topics: readonly ChangeTopic[]): number {
    return Math.max(...topics.map((topic) => this.revisionOf(topic)))
  }

  /** The topics that changed after `revision`, in the contract's order. */
  since(revision: number): ChangesSince {
    return {
      revision: this.#revision,
      topics: CHANGE_TOPICS.filter((topic) => this.revisionOf(topic) > revision),
    }
  }

  /** Resolves at the next change. */
  next(): Promise<void> {
    return this.#signal.wait()
  }
}
