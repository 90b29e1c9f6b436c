// Computes over simulated servers with a clock that moves by hand, and what must hold of them whatever happens: every violation is kept
// with its words, and `broken` says them.
import { ManualClock } from '../manual-clock.ts'
import { isLakeletError } from '../../src/base/errors.ts'
import { Computes } from '../../src/computes/computes.ts'
import { SimulatedDriver } from '../../src/computes/drivers/simulated.ts'
import type { ComputeState, EndpointSpec } from '../../src/computes/index.ts'
import type { LoginRoles } from '../../src/computes/login-directory.ts'
import type { SuspendReason } from '../../src/computes/machine.ts'
import { testLog } from '../postgres/installed.ts'

const CHECK_EVERY_MS = 500
/** Shorter than a start and a stop together, so that a step ends in the middle of things. */
const STEP_MS = 25

/** As in the words, not as in the code: what may follow what. */
const LEGAL: Readonly<Record<ComputeState, readonly ComputeState[]>> = {
  idle: ['starting'],
  starting: ['active', 'failed'],
  active: ['stopping', 'failed'],
  stopping: ['idle', 'failed'],
  failed: ['starting'],
}

/** Why a wake may be refused; who holds a compute is told after a minute when a copy goes on for longer. */
const REFUSALS = new Set([
  'compute_unreachable',
  'compute_start_failed',
  'endpoint_disabled',
  'endpoint_unknown',
  'workspace_stopping',
])

/** Of a server that writes the log of a branch. */
const SIZES = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
}

/** What the test did to an endpoint, and so expects of it. */
interface Expected {
  state: ComputeState
  lastUsedMs: number
  isBusy: boolean
  holds: (() => void)[]
  copies: (() => void)[]
  /** Changes by others than the idle rule that have not ended. */
  changes: number
  /** Grows with whatever may keep a wake from finding an active compute. */
  disturbances: number
  isTouchedWhileParking: boolean
}

export class ComputesModel {
  readonly clock = new ManualClock()
  readonly driver = new SimulatedDriver(this.clock)
  readonly specs = new Map<string, EndpointSpec>()
  readonly broken: string[] = []
  /** How often each of the things that the suite is about came up, so that a run that never gets there is seen. */
  readonly seen = new Map<string, number>()
  readonly #expected = new Map<string, Expected>()
  readonly #pending = new Set<Promise<unknown>>()
  /** Branches whose files are being copied. */
  readonly #copying = new Set<string>()
  readonly #notes = new Map<string, LoginRoles>()
  readonly #computes: Computes
  #isEnding = false

  constructor() {
    this.#computes = new Computes({
      driver: this.driver,
      storage: { list: async () => [], dataDirectory: (uid) => uid },
      endpoints: { load: (uid) => this.specs.get(uid) },
      notes: {
        write: async (directory, roles) =>
          void this.#notes.set(directory, new Map(roles.map((role) => [role.name, role]))),
        read: async (directory) => this.#notes.get(directory),
      },
      replicas: {
        prepare: async () => {
          this.#count('replica prepared')
          return { isNew: true, settings: {}, sizes: SIZES, reach: undefined }
        },
        endOf: async () => undefined,
        list: async () => [],
        dataDirectory: (uid) => uid,
        remove: async () => undefined,
      },
      sessions: {
        park: (uid) => this.#park(uid),
        settle: async () => {},
        revive: async () => {},
        dismiss: async () => {},
        // As the gateway does: the end of a session is one more sign of life of it.
        retire: async (sessions) => {
          for (const uid of sessions) this.touch(uid)
        },
      },
      onStateChanged: (uid, state) => this.#moved(uid, state),
      log: testLog,
      clock: this.clock,
      checkEveryMs: CHECK_EVERY_MS,
    })
  }

  /** `follows` makes it a replica of that endpoint, on files of its own. */
  create(uid: string, branchUid: string, follows?: string): void {
    const own = follows === undefined ? branchUid : uid
    this.specs.set(uid, {
      uid,
      branchUid: own,
      dataDirectory: own,
      ...(follows === undefined ? {} : { follows: { endpointUid: follows, branchUid } }),
      major: 17,
      minCu: 1,
      maxCu: 1,
      suspendAfterMs: 2000,
      parking: { keepAwakeMs: 0 },
      disabled: false,
      settings: {},
    })
  }

  of(uid: string): Expected {
    const known = this.#expected.get(uid) ?? {
      state: 'idle',
      lastUsedMs: this.clock.monotonicMs(),
      isBusy: false,
      holds: [],
      copies: [],
      changes: 0,
      disturbances: 0,
      isTouchedWhileParking: false,
    }
    this.#expected.set(uid, known)
    return known
  }

  server(uid: string) {
    return [...this.driver.servers].find((server) => server.spec.endpointUid === uid)
  }

  async wake(uid: string, clients: number): Promise<void> {
    const expected = this.of(uid)
    const starts = this.driver.starts
    const isUp = !this.server(uid)?.isOver && (expected.state === 'starting' || expected.state === 'active')
    const isQuiet = expected.changes === 0
    const { disturbances } = expected
    this.#used(uid)
    for (let client = 0; client < clients; client += 1) {
      this.#follow(this.#computes.wake(uid), () => {
        this.#used(uid)
        if (disturbances === expected.disturbances && this.#computes.state(uid) !== 'active')
          this.#break(`${uid} was ${this.#computes.state(uid)} though a wake of it was answered`)
        this.#count('wakes answered')
      })
    }
    await this.settle()
    const begun = this.driver.starts - starts
    if (isQuiet && begun > (isUp ? 0 : 1)) this.#break(`${clients} wakes of ${uid} caused ${begun} starts`)
  }

  touch(uid: string): void {
    this.#used(uid)
    this.#computes.touch(uid)
  }

  suspend(uid: string, reason: SuspendReason): void {
    this.#change(uid, this.#computes.suspend(uid, reason))
  }

  remove(uid: string): void {
    this.specs.delete(uid)
    this.#change(uid, this.#computes.remove(uid))
  }

  set(uid: string, changes: Partial<EndpointSpec>): void {
    const spec = this.specs.get(uid)
    if (spec) this.specs.set(uid, { ...spec, ...changes })
  }

  apply(uid: string): void {
    this.#change(uid, this.#computes.applySettings(uid))
  }

  hold(uid: string): void {
    const expected = this.of(uid)
    const held = Promise.withResolvers<void>()
    expected.holds.push(held.resolve)
    this.#used(uid)
    this.#follow(
      this.#computes
        .withAdmin(uid, () => held.promise)
        .finally(() => {
          this.#used(uid)
          expected.holds = expected.holds.filter((each) => each !== held.resolve)
        }),
    )
  }

  /** Copies the files of its branch for a while, during which no server of the branch starts or stops. */
  copy(uid: string): void {
    const expected = this.of(uid)
    const copied = Promise.withResolvers<void>()
    this.#follow(
      this.#computes.withFiles(uid, async () => {
        const branch = this.specs.get(uid)?.branchUid
        if (branch !== undefined && this.#copying.has(branch)) this.#break(`two copies of ${branch} at once`)
        if (branch !== undefined) this.#copying.add(branch)
        expected.copies.push(copied.resolve)
        this.#count('copied')
        if (!this.#isEnding) await copied.promise
        expected.copies = expected.copies.filter((each) => each !== copied.resolve)
        if (branch !== undefined) this.#copying.delete(branch)
      }),
    )
  }

  crash(uid: string): void {
    this.of(uid).disturbances += 1
    this.server(uid)?.crash()
  }

  keepBusy(uid: string, isBusy: boolean): void {
    const server = this.server(uid)
    if (!server) return
    // A query comes through the gateway, which says so.
    if (isBusy) this.touch(uid)
    this.of(uid).isBusy = isBusy
    server.busy = isBusy ? BUSY : undefined
  }

  /** Everything that can happen without time passing has happened. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#look()
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.clock.advance(Math.min(left, STEP_MS))
      await this.settle()
    }
  }

  /** Whoever waits has been answered, and every endpoint that is there can be woken once nothing stands in its way. */
  async end(): Promise<void> {
    this.#isEnding = true
    this.driver.refusal = undefined
    this.driver.times.lookMs = 0
    for (const [uid, expected] of this.#expected) {
      for (const release of expected.holds) release()
      for (const release of expected.copies) release()
      expected.isTouchedWhileParking = false
      this.keepBusy(uid, false)
      this.set(uid, { disabled: false, suspendAfterMs: 1000 })
    }
    await this.pass(40_000)
    if (this.#pending.size > 0) this.#break(`${this.#pending.size} calls were never answered`)
    for (const [uid, { follows }] of this.specs) {
      // A replica goes with its primary.
      if (follows && !this.specs.has(follows.endpointUid)) continue
      await this.pass(5000)
      if (this.#computes.state(uid) === 'active') this.#break(`${uid} does not go to sleep`)
      const woken = this.#computes.wake(uid).then(
        () => undefined,
        (error: unknown) => this.#break(`${uid} does not wake at the end: ${String(error)}`),
      )
      await this.#answered(woken)
      this.suspend(uid, 'asked')
      await this.pass(200)
    }
    const stopped = this.#computes[Symbol.asyncDispose]()
    await this.#answered(stopped)
    if (this.driver.servers.size > 0) this.#break('a server is left')
  }

  async #answered(promise: Promise<unknown>): Promise<void> {
    const over = new AbortController()
    void promise.finally(() => over.abort())
    for (let passed = 0; passed < 10_000 && !over.signal.aborted; passed += STEP_MS) await this.pass(STEP_MS)
    if (!over.signal.aborted) this.#break('a call was never answered')
  }

  #used(uid: string): void {
    this.of(uid).lastUsedMs = this.clock.monotonicMs()
  }

  #change(uid: string, promise: Promise<unknown>): void {
    const expected = this.of(uid)
    expected.changes += 1
    expected.disturbances += 1
    this.#follow(
      promise.finally(() => {
        expected.changes -= 1
        expected.disturbances += 1
      }),
    )
  }

  #follow(promise: Promise<unknown>, onAnswer: () => void = () => undefined): void {
    const followed: Promise<unknown> = promise
      .then(onAnswer, (error: unknown) => {
        if (!isLakeletError(error) || !REFUSALS.has(error.code)) this.#break(`refused with ${String(error)}`)
        else this.#count(error.code)
      })
      .finally(() => this.#pending.delete(followed))
    this.#pending.add(followed)
  }

  #moved(uid: string, state: ComputeState): void {
    const expected = this.of(uid)
    // A removed endpoint that is made again begins anew.
    const from = expected.state
    if (!LEGAL[from].includes(state)) this.#break(`${uid} went from ${from} to ${state}`)
    expected.state = state
    const branch = this.specs.get(uid)?.branchUid ?? ''
    if (this.#copying.has(branch) && state !== 'failed')
      this.#break(`${uid} became ${state} while ${branch} was copied`)
    this.#count(state)
    if (state === 'stopping' && expected.changes === 0) this.#sleeps(uid, expected)
    if (state === 'stopping' || state === 'failed') {
      expected.disturbances += 1
      expected.isBusy = false
    }
  }

  /** Nobody but the idle rule stops it. */
  #sleeps(uid: string, { isBusy, holds, lastUsedMs }: Expected): void {
    this.#count('idle')
    const afterMs = this.specs.get(uid)?.suspendAfterMs ?? null
    const unusedMs = this.clock.monotonicMs() - lastUsedMs
    if (isBusy) this.#break(`${uid} was suspended while it was busy`)
    if (holds.length > 0) this.#break(`${uid} was suspended while it was held`)
    if (afterMs === null || unusedMs < afterMs)
      this.#break(`${uid} was suspended after ${unusedMs} ms, not ${afterMs}`)
  }

  async #park(uid: string) {
    this.#count('parked')
    if (this.#computes.state(uid) !== 'active')
      this.#break(`${uid} was to park as ${this.#computes.state(uid)}`)
    await this.clock.sleep(10)
    if (this.of(uid).isTouchedWhileParking) this.touch(uid)
    return { parked: 1, refused: [{ session: uid, reason: 'transaction', idleMs: 0 }] }
  }

  #look(): void {
    const directories = [...this.driver.servers].map((server) => server.spec.dataDirectory)
    const isShared = new Set(directories).size < directories.length || this.driver.conflicts > 0
    if (isShared) this.#break('two servers run on one branch')
    for (const [uid, { state }] of this.#expected) {
      const told = this.#computes.state(uid)
      // A compute that was removed is forgotten, whatever its last state was.
      if (this.specs.has(uid) && told !== state && told !== 'idle')
        this.#break(`${uid} is ${told}, not ${state}`)
      if (state === 'active' && !this.server(uid)) this.#break(`${uid} is active without a server`)
    }
  }

  #count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  #break(what: string): void {
    this.broken.push(`${this.clock.monotonicMs()} ms: ${what}`)
  }
}

const BUSY = {
  pid: 7,
  kind: 'client backend',
  role: 'anna',
  database: 'databricks_postgres',
  application: null,
  state: 'active',
  since: null,
}
