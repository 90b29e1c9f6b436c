// The computes of the workspace: real Postgres, the stored endpoints, the sessions of the gateway.
import { openCgroups } from '../base/cgroups/cgroups.ts'
import type { Config } from '../base/config.ts'
import { totalmem } from 'node:os'
import {
  Admission,
  type CatalogObserver,
  type ComputeObserver,
  type Computes,
  type EndpointSource,
  localDriver,
  type SessionHolder,
  startComputes,
} from '../computes/index.ts'
import { catalogObserver } from '../control/catalog/known-catalog.ts'
import { endpointSource } from '../control/services/endpoint-specs.ts'
import type { PastSpecs } from '../control/services/past-branches.ts'
import type { ComputeHistory, WorkspaceMetrics } from '../telemetry/index.ts'
import type { Infrastructure } from './infrastructure.ts'

/** The rest is for the system, apps and this process. */
const SHARE_OF_MEMORY = 0.8

export async function startWorkspaceComputes(
  infrastructure: Infrastructure,
  sessions: SessionHolder,
  parts: {
    readonly config: Config
    readonly past: PastSpecs
    readonly history: ComputeHistory
    readonly metrics: WorkspaceMetrics
    readonly starting: AsyncDisposableStack
  },
): Promise<Computes> {
  const { config, past, history, metrics, starting } = parts
  const { metadata, storage, postgres, clock, changes } = infrastructure
  const log = infrastructure.log.child({ component: 'computes' })
  const cgroups =
    config.computes.limits === 'auto'
      ? starting.use(await openCgroups({ dataDir: postgres.host.dataDir, log }))
      : undefined
  if (cgroups) log.info(cgroups.enforcement, 'how computes are held to their size')
  const { waitSeconds, activePerProject } = config.computes
  const limits = { memoryBytes: memoryFor(config), activePerProject, waitMs: waitSeconds * 1000 }
  return startComputes({
    admission: new Admission(limits, clock),
    driver: localDriver({
      postgres,
      clock,
      log,
      archives: storage.archives,
      ...(cgroups ? { cgroups } : {}),
    }),
    storage,
    replicas: storage.replicas,
    sessions,
    ...withPast(past, {
      endpoints: endpointSource(metadata, storage, config.parking),
      catalogs: catalogObserver({ metadata, clock, log: infrastructure.log.child({ component: 'control' }) }),
    }),
    log,
    clock,
    observer: observerOf(history, metrics),
    onStateChanged: (uid, state, at) => {
      history.stateChanged(uid, state, at)
      metrics.computes.stateChanged(uid, state, at)
      changes.note(['computes'])
    },
  })
}

/** The same measurements for what is kept and for what is scraped. */
function observerOf(history: ComputeHistory, { computes }: WorkspaceMetrics): ComputeObserver {
  return {
    measured(uid, sample) {
      history.measured(uid, sample)
      computes.measured(uid, sample)
    },
    decided: (uid, record) => history.decided(uid, record),
    executed: (uid, at, statements) => history.executed(uid, at, statements),
  }
}

/** The endpoints that are stored, and those of moments of the past, whose catalogs nobody keeps. */
export function withPast(
  past: PastSpecs,
  { endpoints, catalogs }: { readonly endpoints: EndpointSource; readonly catalogs: CatalogObserver },
): { readonly endpoints: EndpointSource; readonly catalogs: CatalogObserver } {
  return {
    endpoints: { ...endpoints, load: (uid) => past.get(uid) ?? endpoints.load(uid) },
    catalogs: {
      async observe(branchUid, admin) {
        if (!past.has(branchUid)) await catalogs.observe(branchUid, admin)
      },
    },
  }
}

/** Bytes for all computes. */
function memoryFor({ computes }: Config): number {
  if (computes.memoryMegabytes > 0) return computes.memoryMegabytes * 1_000_000
  // 0, or more than there is, where nothing holds this process.
  const limit = process.constrainedMemory()
  return SHARE_OF_MEMORY * (limit > 0 ? Math.min(limit, totalmem()) : totalmem())
}
