// What is told of what the workspace does.
import type { Config } from '../base/config.ts'
import type { PastSpecs } from '../control/services/past-branches.ts'
import type { Computes } from '../computes/index.ts'
import { listApps } from '../metadata/apps.ts'
import { listLiveEndpoints } from '../metadata/endpoints.ts'
import { countOperations } from '../metadata/operations.ts'
import {
  type ComputeHistory,
  exportMetrics,
  type MetricsSource,
  startComputeHistory,
  type WorkspaceMetrics,
} from '../telemetry/index.ts'
import type { ObjectArchive } from '../objects/index.ts'
import type { RunningApps } from './apps.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Infrastructure } from './infrastructure.ts'
import { VERSION } from './version.ts'

/** What computes do is kept; nothing of moments of the past, which are there for a while only. */
export function keepHistory(
  directory: DataDirectory,
  { clock, log }: Infrastructure,
  past: PastSpecs,
): ComputeHistory {
  return startComputeHistory({
    file: directory.file('telemetry.sqlite'),
    clock,
    log: log.child({ component: 'telemetry' }),
    isKept: (uid) => !past.has(uid),
  })
}

interface MeasuredRooms {
  readonly computes: Pick<Computes, 'state'>
  readonly running: Pick<RunningApps, 'apps'>
  readonly objects: Pick<ObjectArchive, 'status'> | undefined
}

/** Sends the metrics to a collector, where one is configured. */
export function sendMetrics(
  { telemetry }: Config,
  infrastructure: Infrastructure,
  rooms: MeasuredRooms & { readonly metrics: WorkspaceMetrics },
): Promise<AsyncDisposable | undefined> {
  const { clock, log, workspaceId } = infrastructure
  const source = metricsSource(infrastructure, rooms)
  return exportMetrics({
    endpoint: telemetry.otlpEndpoint,
    env: process.env,
    everyMs: telemetry.exportSeconds * 1000,
    version: VERSION,
    workspaceId,
    values: () => rooms.metrics.values(source),
    clock,
    log: log.child({ component: 'telemetry' }),
  })
}

/** What nobody tells the metrics and they ask for at each look. Sleeping computes are not asked anything. */
export function metricsSource(
  { metadata, storage, clock, workspaceId }: Infrastructure,
  { computes, running, objects }: MeasuredRooms,
): MetricsSource {
  const branches = new Map<string, string>()
  return {
    version: VERSION,
    workspaceId,
    async endpoints() {
      const live = await listLiveEndpoints(metadata.db)
      for (const { uid, branchUid } of live) branches.set(uid, branchUid)
      return live.map(({ uid, projectId, branchId, endpointId }) => ({
        uid,
        project: projectId,
        branch: branchId,
        endpoint: endpointId,
        state: computes.state(uid),
      }))
    },
    operations: () => countOperations(metadata.db),
    async apps() {
      const states = (await listApps(metadata.db)).map(({ name }) => running.apps.statusOf(name).state)
      return [...new Set(states)].map((state) => ({
        state,
        count: states.filter((each) => each === state).length,
      }))
    },
    objectArchive() {
      const status = objects?.status()
      const secondsSince = (time: Date | undefined) =>
        time ? Math.max(0, (clock.now().getTime() - time.getTime()) / 1000) : 0
      return (
        status && {
          waitingBytes: status.waitingBytes,
          waitingSeconds: secondsSince(status.waitingSince),
          problemSeconds: secondsSince(status.problem?.since),
        }
      )
    },
    async archiveLag(uid) {
      const branchUid = branches.get(uid)
      if (branchUid === undefined || computes.state(uid) !== 'active') return undefined
      const directory = storage.dataDirectory(branchUid)
      const since = storage.archives.problemOf(directory)?.since
      return {
        // A branch that is being deleted may be gone already.
        bytes: await storage.archives.lagBytes(directory).catch(() => 0),
        problemSeconds: since ? (clock.now().getTime() - since.getTime()) / 1000 : 0,
      }
    },
  }
}
