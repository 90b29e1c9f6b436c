// The control plane of the workspace: routes over services over metadata, operations that survive a crash, and the loops
// that carry out what time brings.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import type { ImplementedRoute } from './http/implementation.ts'
import { branchOperations } from './operations/branch-operations.ts'
import { databaseOperations } from './operations/database-operations.ts'
import { endpointOperations } from './operations/endpoint-operations.ts'
import type { Failpoint } from './operations/failpoints.ts'
import type { OperationKind } from './operations/operation-kind.ts'
import { Operations } from './operations/operations.ts'
import { projectOperations } from './operations/project-operations.ts'
import { roleOperations } from './operations/role-operations.ts'
import { expireBranches } from './reconcilers/expire-branches.ts'
import { purgeDeleted } from './reconcilers/purge-deleted.ts'
import { type Reconciler, startReconciler } from './reconcilers/reconciler.ts'
import { implementAbsentFeatures } from './routes/absent-features.ts'
import { implementBranches } from './routes/branches.ts'
import { implementDatabases } from './routes/databases.ts'
import { implementEndpoints } from './routes/endpoints.ts'
import { implementOperations } from './routes/operations.ts'
import { implementProjects } from './routes/projects.ts'
import { implementRoles } from './routes/roles.ts'
import { Branches } from './services/branches.ts'
import { type ControlContext, type ControlDefaults, DEFAULTS } from './services/context.ts'
import { Databases } from './services/databases.ts'
import { Endpoints } from './services/endpoints.ts'
import { OperationPolls } from './services/operation-polls.ts'
import type { ComputesPort, EndpointHosts, PrincipalsPort, StoragePort } from './services/ports.ts'
import { Projects } from './services/projects.ts'
import { Roles } from './services/roles.ts'
import { ReadCache } from './services/read-cache.ts'

export interface ControlOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly computes: ComputesPort
  readonly storage: StoragePort
  readonly principals: PrincipalsPort
  readonly hosts: EndpointHosts
  readonly defaults?: Partial<ControlDefaults>
  readonly failpoint?: Failpoint
  /** How often expiry and purges are looked at. */
  readonly reconcileEveryMs?: number
}

const RECONCILE_EVERY_MS = 10_000

export interface Control extends AsyncDisposable {
  readonly routes: readonly ImplementedRoute[]
  readonly operations: Operations
  readonly projects: Projects
  readonly branches: Branches
  readonly endpoints: Endpoints
}

/** Builds the services, goes on with unfinished operations and starts the loops. Disposing ends the loops and pauses operations. */
export async function startControl(options: ControlOptions): Promise<Control> {
  await using starting = new AsyncDisposableStack()
  const loops: Reconciler[] = []
  const operations = new Operations({
    metadata: options.metadata,
    clock: options.clock,
    log: options.log.child({ component: 'operations' }),
    ...(options.failpoint ? { failpoint: options.failpoint } : {}),
    onEnd: () => loops.forEach((loop) => loop.wake()),
  })
  starting.use(operations)
  const context: ControlContext = {
    ...options,
    log: options.log.child({ component: 'control' }),
    defaults: { ...DEFAULTS, ...options.defaults },
    operations,
  }
  const kinds = {
    projects: projectOperations(context),
    branches: branchOperations(context),
    endpoints: endpointOperations(context),
    databases: databaseOperations(context),
    roles: roleOperations(context),
  }
  for (const group of Object.values(kinds)) {
    for (const kind of Object.values(group) as OperationKind<object>[]) operations.register(kind)
  }
  const cache = new ReadCache(context.metadata)
  const projects = new Projects(context, kinds.projects, cache)
  const branches = new Branches(context, kinds.branches, cache)
  const endpoints = new Endpoints(context, kinds.endpoints, cache)
  await operations.resume()
  const rounds = {
    'expire branches': () => expireBranches(context, branches),
    'purge deleted': () => purgeDeleted(context, kinds),
  }
  for (const [name, round] of Object.entries(rounds)) {
    const everyMs = options.reconcileEveryMs ?? RECONCILE_EVERY_MS
    loops.push(
      starting.use(startReconciler({ name, round, everyMs, clock: context.clock, log: context.log })),
    )
  }
  const owned = starting.move()
  return {
    routes: [
      ...implementProjects(projects),
      ...implementBranches(branches),
      ...implementEndpoints(endpoints),
      ...implementDatabases(new Databases(context, kinds.databases)),
      ...implementRoles(new Roles(context, kinds.roles)),
      ...implementOperations(new OperationPolls(context)),
      ...implementAbsentFeatures(context.metadata),
    ],
    operations,
    projects,
    branches,
    endpoints,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}
