import { type Clock, systemClock } from '../../src/base/clock.ts'
import {
  type ComputeObserver,
  type ComputeState,
  type Computes,
  type EndpointSpec,
  localDriver,
  type SessionHolder,
  startComputes,
} from '../../src/computes/index.ts'
import type { PostgresVersion } from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { installForTest, testLog } from '../postgres/installed.ts'

export interface TestComputes extends AsyncDisposable {
  readonly installation: PostgresVersion
  readonly storage: Storage
  readonly computes: Computes
  /** Endpoints as stored; change them at will. */
  readonly specs: Map<string, EndpointSpec>
  /** Every change of state so far, `uid state`. */
  readonly changes: string[]
  /** A new branch with an endpoint `ep-<name>`; returns its uid. */
  newEndpoint(name: string, spec?: Partial<EndpointSpec>): Promise<string>
  /** Other computes over the same files, as after a restart of the workspace. */
  startAnother(): Promise<Computes>
  statesOf(uid: string): ComputeState[]
}

export async function startTestComputes(
  options: {
    clock?: Clock
    checkEveryMs?: number
    observer?: ComputeObserver
    sessions?: SessionHolder
  } = {},
): Promise<TestComputes> {
  const installed = await installForTest()
  const { installation, postgres } = installed
  const storage = await startStorage({ postgres, log: testLog })
  const specs = new Map<string, EndpointSpec>()
  const changes: string[] = []
  const start = () =>
    startComputes({
      driver: localDriver({ postgres, clock: options.clock ?? systemClock, log: testLog }),
      storage,
      endpoints: { load: (uid) => specs.get(uid) },
      onStateChanged: (uid, state) => changes.push(`${uid} ${state}`),
      log: testLog,
      checkEveryMs: 20,
      ...options,
    })
  const computes = await start()
  return {
    installation,
    storage,
    computes,
    specs,
    changes,
    async newEndpoint(name, spec = {}) {
      const [uid, branchUid] = [`ep-${name}`, `br-${name}`]
      await storage.create(branchUid)
      const dataDirectory = storage.dataDirectory(branchUid)
      specs.set(uid, {
        uid,
        branchUid,
        dataDirectory,
        major: installation.major,
        minCu: spec.maxCu ?? 1,
        maxCu: 1,
        suspendAfterMs: null,
        disabled: false,
        settings: {},
        ...spec,
      })
      return uid
    },
    startAnother: start,
    statesOf: (uid) =>
      changes
        .filter((each) => each.startsWith(`${uid} `))
        .map((each) => each.slice(uid.length + 1) as ComputeState),
    async [Symbol.asyncDispose]() {
      await computes[Symbol.asyncDispose]()
      await installed[Symbol.asyncDispose]()
    },
  }
}
