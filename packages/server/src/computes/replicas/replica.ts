// The server of a read-only endpoint: a hot standby of the branch on files of its own, which follows the server of the branch while that is
// awake and its archive while it sleeps. It is never promoted; files that are of no use any more are made again.
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { type AdminConnection, standbySizes } from '../../postgres/index.ts'
import type { PreparedReplica } from '../../storage/index.ts'
import type { RunningServer } from '../drivers/driver.ts'
import type { EndpointSource, EndpointSpec, FollowedEndpoint, ReplicaStore } from '../ports.ts'
import { Follower, type Followers } from './followers.ts'

/** How long a replica that wakes may take to come to where its branch is, before it lets clients in all the same. */
const CATCH_UP_MS = 20_000
const POLL_MS = 5

/** The compute that a replica follows. */
export interface Primary {
  readonly followers: Followers
  readonly live: RunningServer | undefined
  withFiles<T>(work: (connect?: () => Promise<AdminConnection>) => Promise<T>): Promise<T>
}

export interface ReplicaOptions {
  readonly uid: string
  readonly store: ReplicaStore
  readonly endpoints: EndpointSource
  readonly primary: (endpointUid: string) => Primary
  readonly clock: Clock
  readonly log: Logger
}

type Own = Readonly<Record<string, string | number>>
/** Starts a server with these settings over all others. */
type Launch = (own: Own, signal: AbortSignal) => Promise<RunningServer>

/** How far a replica is behind its branch. */
export interface ReplicaLag {
  /** Whether it gets the log from the server of its branch at this moment. */
  readonly isStreaming: boolean
  readonly replayedLsn: bigint
  /** Log of the branch that it has not replayed. */
  readonly bytes: number
  /** How old its data is; 0 where it has all. */
  readonly ms: number
}

export class Replica {
  readonly #options: ReplicaOptions
  #prepared: PreparedReplica | undefined

  constructor(options: ReplicaOptions) {
    this.#options = options
  }

  /** Its settings over all others, as its primary is stored now. */
  async ownSettings({ endpointUid }: FollowedEndpoint): Promise<Own> {
    const prepared = this.#prepared
    if (!prepared) return {}
    const primary = await this.#primarySpec(endpointUid)
    return {
      ...prepared.settings,
      ...standbySizes(prepared.sizes, { maxCu: primary.maxCu, extra: primary.settings }),
    }
  }

  /** Called under the lock of the replica. Throws as a start and as a copy of the branch do. */
  async start(follows: FollowedEndpoint, launch: Launch): Promise<RunningServer> {
    for (let anew = false; ;) {
      const follower = new Follower()
      const prepared = await this.#prepare(follows, follower, anew)
      const started = await this.#try(follows, follower, launch).catch((error: unknown) => {
        // Files that a server does not start on are made again, once.
        if (prepared.isNew && !follower.isReplaced) throw error
        this.#options.log.info({ err: error }, 'a replica did not start and is made again')
        return undefined
      })
      const isThere = started && (await this.#catchUp(started, prepared.reach))
      if (started && (isThere || (prepared.isNew && !started.isOver))) return started
      if (started) await started.stop()
      // A server that has ended by itself is no reason to go on for ever.
      if (prepared.isNew && !follower.isReplaced)
        throw new LakeletError('compute_start_failed', { reason: 'the replica ended at once' })
      anew = !follower.isReplaced
    }
  }

  /** Undefined while it cannot be told. */
  async lag(
    server: RunningServer,
    { endpointUid, branchUid }: FollowedEndpoint,
  ): Promise<ReplicaLag | undefined> {
    const { primary, store, clock } = this.#options
    const live = primary(endpointUid).live
    const replay = await server.catalog.replay()
    const end = live ? await live.catalog.endOfLog() : await store.endOf(branchUid)
    if (!replay || end === undefined) return undefined
    const bytes = end > replay.replayedLsn ? Number(end - replay.replayedLsn) : 0
    const since = replay.lastCommit?.getTime()
    const ms = bytes === 0 || since === undefined ? 0 : Math.max(0, clock.now().getTime() - since)
    return { isStreaming: replay.isStreaming, replayedLsn: replay.replayedLsn, bytes, ms }
  }

  #prepare(
    { endpointUid, branchUid }: FollowedEndpoint,
    follower: Follower,
    anew: boolean,
  ): Promise<PreparedReplica> {
    const { uid, store } = this.#options
    const primary = this.#options.primary(endpointUid)
    return primary.withFiles(async (connect) => {
      const prepared = await store.prepare(uid, { branchUid, primaryUid: endpointUid, connect, anew })
      this.#prepared = prepared
      primary.followers.add(follower)
      return prepared
    })
  }

  async #try(follows: FollowedEndpoint, follower: Follower, launch: Launch): Promise<RunningServer> {
    return follower.run(async (signal) => launch(await this.ownSettings(follows), signal))
  }

  /** True when it has replayed all up to `reach`, which was the end of its branch when it was asked for. */
  async #catchUp(server: RunningServer, reach: bigint | undefined): Promise<boolean> {
    const { clock, log } = this.#options
    if (reach === undefined) return !server.isOver
    const until = clock.monotonicMs() + CATCH_UP_MS
    while (!server.isOver) {
      const replay = await server.catalog.replay().catch(() => undefined)
      if (replay && replay.replayedLsn >= reach) return true
      if (clock.monotonicMs() > until) {
        log.warn({ replay: String(replay?.replayedLsn), reach: String(reach) }, 'a replica does not catch up')
        return false
      }
      await clock.sleep(POLL_MS)
    }
    return false
  }

  async #primarySpec(endpointUid: string): Promise<EndpointSpec> {
    const spec = await this.#options.endpoints.load(endpointUid)
    if (!spec) throw new LakeletError('endpoint_unknown')
    return spec
  }
}
