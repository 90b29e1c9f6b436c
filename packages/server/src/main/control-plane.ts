// The control plane as a whole: operations, services and the loops that keep what is stored and what runs in agreement.
import type { Clock } from '../base/clock.ts'
import type { Config } from '../base/config.ts'
import type { Logger } from '../base/log.ts'
import type { Computes } from '../computes/index.ts'
import type { ImplementedRoute } from '../control/http/implementation.ts'
import { Catalogs } from '../control/catalog/catalogs.ts'
import { RolePasswords } from '../control/catalog/role-passwords.ts'
import { type BranchOperations, branchOperations } from '../control/operations/branches.ts'
import { dataApiOperations, type DataApiUrl } from '../control/operations/data-apis.ts'
import { databaseOperations } from '../control/operations/databases.ts'
import { endpointOperations } from '../control/operations/endpoints.ts'
import type { Failpoint } from '../operations/failpoints.ts'
import { Operations } from '../operations/operations.ts'
import { projectOperations } from '../control/operations/projects.ts'
import { roleOperations } from '../control/operations/roles.ts'
import { snapshotOperations } from '../control/operations/snapshots.ts'
import type { OperationKind } from '../operations/operation-kind.ts'
import { groupKeeper } from '../control/reconcilers/keep-groups.ts'
import { AskedMoves } from '../control/reconcilers/carry-out-moves.ts'
import { expireBranches } from '../control/reconcilers/expire-branches.ts'
import { expireSnapshots } from '../control/reconcilers/expire-snapshots.ts'
import { keepHistory } from '../control/reconcilers/keep-history.ts'
import { measureBranches } from '../control/reconcilers/measure-branches.ts'
import { forgetTelemetry } from '../control/reconcilers/forget-telemetry.ts'
import { dropReplaced } from '../control/reconcilers/drop-replaced.ts'
import { purgeDeleted } from '../control/reconcilers/purge-deleted.ts'
import { RemovalTime } from '../control/reconcilers/removal-time.ts'
import { snapshotTaker } from '../control/reconcilers/take-snapshots.ts'
import { manifestWriter } from '../control/reconcilers/write-manifests.ts'
import { dropImports } from '../control/recovery/drop-imports.ts'
import { type Reconciler, startReconciler } from '../control/reconcilers/reconciler.ts'
import { implementAbsentFeatures } from '../control/routes/absent-features.ts'
import { implementComputeControl } from '../control/routes/compute-control.ts'
import { implementBranchControl } from '../control/routes/branch-control.ts'
import { implementBranches } from '../control/routes/branches.ts'
import { implementDataApis } from '../control/routes/data-apis.ts'
import { implementDatabases } from '../control/routes/databases.ts'
import { implementEndpoints } from '../control/routes/endpoints.ts'
import { implementOperations } from '../control/routes/operations.ts'
import { implementProjects } from '../control/routes/projects.ts'
import { implementRestores } from '../control/routes/restores.ts'
import { implementRoles } from '../control/routes/roles.ts'
import { implementSnapshots } from '../control/routes/snapshots.ts'
import { Branches } from '../control/services/branches.ts'
import type { ControlContext } from '../control/context.ts'
import type { SessionsPort } from '../control/ports.ts'
import { DEFAULTS } from '../control/rules/limits.ts'
import { BranchComparison } from '../control/services/branch-comparison.ts'
import { ComputeControl } from '../control/services/compute-control.ts'
import type { OverviewParts } from '../control/services/overview.ts'
import { DataApis } from '../control/services/data-apis.ts'
import { Databases } from '../control/services/databases.ts'
import { Endpoints } from '../control/services/endpoints.ts'
import { OperationPolls } from '../control/services/operation-polls.ts'
import { PastBranches, type PastSpecs } from '../control/services/past-branches.ts'
import { Projects } from '../control/services/projects.ts'
import { ReadCache } from '../control/read-cache.ts'
import { Restores } from '../control/services/restores.ts'
import { Roles } from '../control/services/roles.ts'
import { Snapshots } from '../control/services/snapshots.ts'
import { dataApiUrl } from '../data-api/index.ts'
import type { Identity } from '../identity/start.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Storage } from '../storage/index.ts'
import type { ComputeHistory } from '../telemetry/index.ts'
import type { HostNames } from './host-names.ts'

/** Branches expire with a precision of seconds. */
const EXPIRE_EVERY_MS = 1000
const TAKE_SNAPSHOTS_EVERY_MS = 5000
const PURGE_EVERY_MS = 60_000
const MEASURE_EVERY_MS = 60_000
/** What an earlier run left; in this run nobody waits for it. */
const KEEP_GROUPS_EVERY_MS = 500
const CARRY_OUT_EVERY_MS = 60_000
const CLOSE_PAST_EVERY_MS = 1000
const KEEP_HISTORY_EVERY_MS = 30_000
const WRITE_MANIFESTS_EVERY_MS = 5000
const FORGET_TELEMETRY_EVERY_MS = 600_000
const BACK_UP_EVERY_MS = 86_400_000

export interface ControlPlane extends AsyncDisposable {
  readonly branchKinds: BranchOperations
  readonly routes: readonly ImplementedRoute[]
  readonly context: ControlContext
  readonly past: PastBranches
  readonly dataApis: DataApis
  /** Goes on with the operations that an earlier run left; every kind must be registered by then. */
  resume(): Promise<void>
  readonly services: Pick<OverviewParts, 'projects' | 'branches' | 'endpoints'>
}

export interface ControlPlaneParts {
  readonly workspaceId: string
  readonly config: Config
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly computes: Computes
  /** Where the computes look for the endpoints of moments of the past. */
  readonly pastSpecs: PastSpecs
  readonly sessions: SessionsPort
  readonly storage: Storage
  /** What was measured of computes; nothing is forgotten of it where absent. */
  readonly history?: ComputeHistory
  readonly identity: Identity
  readonly hostNames: HostNames
  /** For tests: called at each place where an operation can be cut off. */
  readonly failpoint?: Failpoint
}

/** Builds the services and starts the loops. */
export async function startControlPlane(parts: ControlPlaneParts): Promise<ControlPlane> {
  const { metadata, clock, log } = parts
  await using starting = new AsyncDisposableStack()
  const writeManifests = manifestWriter(parts)
  // Once more when all else has ended: what was acknowledged last is in the manifests and in a backup too.
  starting.defer(() =>
    writeManifests().catch((error: unknown) => log.warn({ err: error }, 'manifests were not written')),
  )
  const loops: Reconciler[] = []
  const operations = starting.use(
    new Operations({
      metadata,
      clock,
      log: log.child({ component: 'operations' }),
      ...(parts.failpoint ? { failpoint: parts.failpoint } : {}),
      onEnd: () => {
        for (const loop of loops) loop.wake()
      },
    }),
  )
  const context = contextOf(parts, operations)
  const kinds = registerKinds(context, urlOfDataApis(parts))
  const cache = new ReadCache(metadata, ['projects', 'branches', 'endpoints'])
  const branches = new Branches(context, kinds.branches, cache)
  const snapshots = new Snapshots(context, kinds.snapshots)
  const past = starting.use(new PastBranches(context, parts.pastSpecs, parts.config.timeTravel))
  const { history } = parts
  const moves = new AskedMoves(context)
  loops.push(
    ...startLoops(starting, context, { kinds, branches, snapshots, past, moves, writeManifests, history }),
  )
  const projects = new Projects(context, kinds.projects, cache)
  const endpoints = new Endpoints(context, kinds.endpoints, cache)
  const dataApis = new DataApis(context, kinds.dataApis, urlOfDataApis(parts))
  const children = starting.move()
  return {
    context,
    dataApis,
    branchKinds: kinds.branches,
    past,
    async resume() {
      await dropImports(context)
      await operations.resume()
    },
    services: { projects, branches, endpoints },
    routes: [
      ...implementProjects(projects),
      ...implementBranches(branches),
      ...implementBranchControl(branches, new BranchComparison(context, past)),
      ...implementRestores(new Restores(context, kinds.branches, branches, past)),
      ...implementSnapshots(snapshots),
      ...implementEndpoints(endpoints),
      ...catalogRoutes(context, kinds, dataApis),
      ...implementComputeControl(new ComputeControl(context, moves)),
      ...implementOperations(new OperationPolls(context)),
      ...implementAbsentFeatures(metadata),
    ],
    [Symbol.asyncDispose]: () => children.disposeAsync(),
  }
}

/** What is in the catalogue of a branch. */
function catalogRoutes(
  context: ControlContext,
  kinds: ReturnType<typeof registerKinds>,
  dataApis: DataApis,
): ImplementedRoute[] {
  return [
    ...implementDatabases(new Databases(context, kinds.databases)),
    ...implementDataApis(dataApis),
    ...implementRoles(new Roles(context, kinds.roles)),
  ]
}

function urlOfDataApis({ identity, workspaceId }: ControlPlaneParts): DataApiUrl {
  return (endpointUid, database) =>
    dataApiUrl({ baseUrl: identity.baseUrl(), workspaceId }, endpointUid, database)
}

/** Those that are woken by the end of each operation; the others go by the clock alone. */
function startLoops(
  starting: AsyncDisposableStack,
  context: ControlContext,
  parts: {
    readonly kinds: ReturnType<typeof registerKinds>
    readonly branches: Branches
    readonly snapshots: Snapshots
    readonly past: PastBranches
    readonly moves: AskedMoves
    readonly writeManifests: () => Promise<void>
    readonly history: ComputeHistory | undefined
  },
): Reconciler[] {
  const { clock, log, metadata } = context
  const { kinds, branches, snapshots, past, moves, writeManifests, history } = parts
  const start = (name: string, everyMs: number, round: () => Promise<void>): Reconciler =>
    starting.use(startReconciler({ name, everyMs, round, clock, log: log.child({ component: name }) }))
  const removal = new RemovalTime({ clock, log, queries: metadata.db })
  const woken = [
    start('expire-branches', EXPIRE_EVERY_MS, () => expireBranches(context, branches)),
    start('expire-snapshots', EXPIRE_EVERY_MS, () => expireSnapshots(context, snapshots, removal)),
    start('take-snapshots', TAKE_SNAPSHOTS_EVERY_MS, snapshotTaker(context, snapshots)),
    start('measure-branches', MEASURE_EVERY_MS, () => measureBranches(context)),
    start('carry-out-moves', CARRY_OUT_EVERY_MS, () => moves.round()),
    start('keep-groups', KEEP_GROUPS_EVERY_MS, groupKeeper(context)),
    start('close-past', CLOSE_PAST_EVERY_MS, () => past.sweep()),
    start('drop-replaced', PURGE_EVERY_MS, () => dropReplaced(context)),
    start('purge-deleted', PURGE_EVERY_MS, () => purgeDeleted(context, kinds, removal)),
    start('write-manifests', WRITE_MANIFESTS_EVERY_MS, writeManifests),
  ]
  start('keep-history', KEEP_HISTORY_EVERY_MS, () => keepHistory(context, removal))
  if (history) start('forget-telemetry', FORGET_TELEMETRY_EVERY_MS, () => forgetTelemetry(context, history))
  // Not woken by operations: once at the start and then by the clock alone.
  start('back-up-metadata', BACK_UP_EVERY_MS, async () => {
    await metadata.backUp()
  })
  return woken
}

/** Every kind of operation of the control plane, which can go on from here. */
function registerKinds(context: ControlContext, dataApiAt: DataApiUrl) {
  const kinds = {
    projects: projectOperations(context),
    branches: branchOperations(context),
    snapshots: snapshotOperations(context),
    endpoints: endpointOperations(context),
    databases: databaseOperations(context),
    dataApis: dataApiOperations(context, dataApiAt),
    roles: roleOperations(context),
  }
  for (const group of Object.values(kinds)) {
    // Each kind is only ever given the input that it stored itself.
    for (const kind of Object.values(group) as OperationKind<object>[]) context.operations.register(kind)
  }
  return kinds
}

function contextOf(parts: ControlPlaneParts, operations: Operations): ControlContext {
  const { identity, hostNames } = parts
  return {
    catalogs: new Catalogs(parts),
    workspaceId: parts.workspaceId,
    metadata: parts.metadata,
    clock: parts.clock,
    log: parts.log.child({ component: 'control' }),
    operations,
    computes: parts.computes,
    sessions: parts.sessions,
    storage: parts.storage,
    rolePasswords: new RolePasswords(parts.metadata, identity.sealer),
    principals: {
      findIdentity: (type, name) => identity.directory.findIdentity(type, name),
      nameOf: (id) => identity.directory.callerOf(id)?.name,
      projectLevel(caller, projectUid) {
        const level = identity.permissions.grantedLevel(caller, { type: 'project', id: projectUid })
        return level === 'CAN_MANAGE' || level === 'CAN_USE' ? level : undefined
      },
    },
    hosts: (uid) => hostNames.of(uid),
    defaults: {
      ...DEFAULTS,
      suspendSeconds: parts.config.scaleToZero.defaultSeconds,
      parksSessions: parts.config.parking.sessions === 'on',
      keepAwakeSeconds: parts.config.parking.keepAwakeSeconds,
      parkedBytes: parts.config.parking.maxMegabytes * 1e6,
      historyBytes: parts.config.history.maxGigabytes * 1e9,
    },
  }
}
