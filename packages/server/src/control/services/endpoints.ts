import {
  type ComputeActivityView,
  type ComputeScalingView,
  type Endpoint,
  endpointActions,
  endpointName,
  type EndpointSessionView,
  type EndpointSpec,
  endpointUpdate,
  parseUpdateMask,
  requireAction,
} from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { readersName, secondariesOf } from '../../base/group-members.ts'
import {
  deleteEndpointRow,
  type EndpointRow,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
} from '../../metadata/endpoints.ts'
import type { EndpointOperations } from '../operations/endpoints.ts'
import { checkStart, endpointChanges, endpointSubjectOf, settingsOf } from '../rules/endpoint.ts'
import type { ControlContext } from '../context.ts'
import { type Empty, type OperationView, viewOperation } from '../views/operation.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import type { ReadCache } from '../read-cache.ts'
import {
  type EndpointParts,
  endpointState,
  instanceIdOf,
  roleOf,
  viewActivity,
  viewEndpoint,
  viewMembers,
} from '../views/endpoint.ts'
import { viewScaling } from '../views/scaling.ts'
import { viewSession } from '../views/session.ts'
import { levelOn } from '../rules/project-access.ts'
import { newReplica, requireRoomForReplica } from '../rules/replica.ts'
import { checkId } from '../rules/resource-ids.ts'
import {
  type BranchPath,
  type BranchRows,
  liveBranch,
  liveEndpoint,
  lockOf,
  notFound,
} from '../rules/resolve.ts'

export interface EndpointPath extends BranchPath {
  readonly endpoint: string
}

/** A compute behind an endpoint as the API shows it. */
interface ComputeInstance {
  readonly name: string
  readonly compute_instance_id: string
  readonly compute_host: string
  readonly current_state: Endpoint['status']['current_state']
  readonly pending_state?: Endpoint['status']['pending_state']
  readonly role: 'READ_WRITE' | 'READ_ONLY' | 'HOT_STANDBY'
}

export class Endpoints {
  readonly #context: ControlContext
  readonly #kinds: EndpointOperations
  readonly #cache: ReadCache

  constructor(context: ControlContext, kinds: EndpointOperations, cache: ReadCache) {
    this.#context = context
    this.#kinds = kinds
    this.#cache = cache
  }

  /** A replica, or what takes the place of an endpoint: every branch has its read-write one from the start. */
  async create(
    caller: Caller,
    path: BranchPath,
    endpointId: string,
    spec: EndpointSpec,
    replaceExisting: boolean,
  ): Promise<OperationView<Endpoint>> {
    checkId('endpoint_id', endpointId)
    const rows = await liveBranch(this.#context.metadata.db, path)
    if (spec.endpoint_type === undefined) {
      throw new LakeletError('field_required', { field: 'endpoint.spec.endpoint_type' })
    }
    const present = await findEndpoint(this.#context.metadata.db, rows.branch.uid, endpointId)
    if (present?.endpoint_id === endpointId) {
      if (!replaceExisting) throw new LakeletError('already_exists', { type: 'endpoint' })
      return this.#change(
        caller,
        { ...rows, endpoint: present },
        spec,
        parseUpdateMask('*', { spec }, endpointUpdate),
      )
    }
    if (spec.endpoint_type === 'ENDPOINT_TYPE_READ_ONLY')
      return this.#createReplica(caller, rows, endpointId, spec)
    const [first] = await listEndpoints(this.#context.metadata.db, rows.branch.uid)
    throw new LakeletError('second_read_write_endpoint', { name: first?.endpoint_id ?? '' })
  }

  async get(path: EndpointPath): Promise<Endpoint> {
    return viewEndpoint(await this.#parts(path), this.#context)
  }

  async list(
    path: BranchPath,
    query: PageQuery,
  ): Promise<{ endpoints: Endpoint[]; next_page_token?: string }> {
    const rows = await this.#cache.read(`live branch ${path.project} ${path.branch}`, (queries) =>
      liveBranch(queries, path),
    )
    const name = `endpoints ${rows.branch.uid}`
    const page = readPage<number>(name, query, 'number')
    const endpoints = await this.#cache.read(`${name} ${page.after ?? 0} ${page.size}`, (queries) =>
      listEndpoints(queries, rows.branch.uid, { afterSeq: page.after ?? 0, limit: page.size + 1 }),
    )
    const { items, nextToken } = cutPage(name, endpoints, page.size, (row) => row.seq)
    return {
      endpoints: items.map((row) => viewEndpoint({ row, ...rows }, this.#context)),
      ...(nextToken === undefined ? {} : { next_page_token: nextToken }),
    }
  }

  async update(
    caller: Caller,
    path: EndpointPath,
    mask: string | undefined,
    spec: EndpointSpec,
  ): Promise<OperationView<Endpoint>> {
    const changed = parseUpdateMask(mask, { spec }, endpointUpdate)
    return this.#change(caller, await liveEndpoint(this.#context.metadata.db, path), spec, changed)
  }

  /** From here on nobody finds it; its server and files go in the operation. */
  async delete(caller: Caller, path: EndpointPath): Promise<OperationView<Empty>> {
    const rows = await liveEndpoint(this.#context.metadata.db, path)
    requireAction(endpointActions, 'delete', endpointSubjectOf(rows))
    const { project, branch, endpoint } = rows
    const row = await this.#context.operations.start(this.#kinds.delete, {
      resource: endpointName(project.project_id, branch.branch_id, endpoint.endpoint_id),
      objectUid: project.uid,
      callerId: caller.id,
      input: { endpointUid: endpoint.uid },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        const path = { project: project.uid, branch: branch.uid, endpoint: endpoint.uid }
        requireAction(endpointActions, 'delete', endpointSubjectOf(await liveEndpoint(queries, path)))
        await deleteEndpointRow(queries, endpoint.uid)
      },
    })
    return viewOperation(row)
  }

  /** What keeps the compute awake, why it last slept and what went wrong. */
  async getActivity(caller: Caller, path: EndpointPath): Promise<ComputeActivityView> {
    const { row, project } = await this.#parts(path)
    const { computes, sessions } = this.#context
    const because = computes.activity(row.uid).awakeBecause
    return viewActivity(row, this.#context, {
      lag: await computes.replicaLag(row.uid),
      members: await viewMembers(row, this.#context),
      session: because && (await sessions.list(row.uid)).find(({ processId }) => processId === because.pid),
      // As Postgres has it: what others run is for those who may look after the server.
      seesQuery:
        because?.role === caller.name || (await levelOn(this.#context, caller, project)) === 'CAN_MANAGE',
    })
  }

  /** Why its compute has the size that it has. */
  async getScaling(path: EndpointPath): Promise<ComputeScalingView> {
    const { row } = await this.#parts(path)
    return viewScaling(row, this.#context)
  }

  /** Who is connected, by when they came. */
  async listSessions(path: EndpointPath): Promise<{ sessions: EndpointSessionView[] }> {
    const { row } = await this.#parts(path)
    const uids = [row.uid, ...secondariesOf(row.uid, row.group_size)]
    const sessions = (await Promise.all(uids.map((uid) => this.#context.sessions.list(uid)))).flat()
    return { sessions: [...sessions].sort((a, b) => a.since.getTime() - b.since.getTime()).map(viewSession) }
  }

  async listInstances(path: EndpointPath): Promise<{ compute_instances: ComputeInstance[] }> {
    return { compute_instances: this.#instances(await this.#parts(path)) }
  }

  async getInstance(path: EndpointPath, instance: string): Promise<ComputeInstance> {
    const found = this.#instances(await this.#parts(path)).find(
      ({ compute_instance_id: id }) => id === instance,
    )
    if (!found) throw notFound('compute instance')
    return found
  }

  #instances({ row, branch, project }: EndpointParts): ComputeInstance[] {
    const name = endpointName(project.project_id, branch.branch_id, row.endpoint_id)
    const viewOne = (uid: string): ComputeInstance => {
      const id = instanceIdOf(uid)
      const role = roleOf(uid, row)
      const isReader = uid !== row.uid && role === 'READ_ONLY'
      return {
        name: `${name}/compute-instances/${id}`,
        compute_instance_id: id,
        compute_host: this.#context.hosts(isReader ? readersName(row.uid) : row.uid).host,
        ...endpointState({ ...row, uid, group_size: 1 }, branch.state, this.#context),
        role,
      }
    }
    return [row.uid, ...secondariesOf(row.uid, row.group_size)].map(viewOne)
  }

  async #parts(path: EndpointPath) {
    return this.#cache.read(`endpoint ${path.project} ${path.branch} ${path.endpoint}`, async (queries) => {
      const { endpoint, ...rows } = await liveEndpoint(queries, path)
      return { row: endpoint, ...rows }
    })
  }

  async #createReplica(
    caller: Caller,
    { project, branch }: BranchRows,
    endpointId: string,
    spec: EndpointSpec,
  ): Promise<OperationView<Endpoint>> {
    const { defaults, clock, operations } = this.#context
    const replica = newReplica({ project, branch, endpointId, spec }, defaults, clock.now().toISOString())
    await checkStart(undefined, replica, project.pg_version, this.#context)
    const row = await operations.start(this.#kinds.create, {
      resource: endpointName(project.project_id, branch.branch_id, endpointId),
      objectUid: project.uid,
      callerId: caller.id,
      input: { projectUid: project.uid, branchUid: branch.uid, endpointUid: replica.uid },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
      store: async (queries) => {
        await requireRoomForReplica(
          queries,
          await liveBranch(queries, { project: project.uid, branch: branch.uid }),
          endpointId,
        )
        await insertEndpoint(queries, replica)
      },
    })
    return viewOperation(row)
  }

  async #change(
    caller: Caller,
    rows: BranchRows & { readonly endpoint: EndpointRow },
    spec: EndpointSpec,
    changed: ReadonlySet<string>,
  ): Promise<OperationView<Endpoint>> {
    const { project, branch, endpoint } = rows
    const changes = ({ endpoint: row, project: of }: typeof rows) =>
      endpointChanges(row, spec, changed, {
        defaultSuspendSeconds: this.#context.defaults.suspendSeconds,
        major: of.pg_version,
      })
    await checkStart(endpoint, changes(rows), project.pg_version, this.#context)
    const row = await this.#context.operations.start(this.#kinds.update, {
      resource: endpointName(project.project_id, branch.branch_id, endpoint.endpoint_id),
      objectUid: project.uid,
      callerId: caller.id,
      // Another change may have ended since the endpoint was looked for.
      input: async (queries) => {
        const path = { project: project.uid, branch: branch.uid, endpoint: endpoint.uid }
        const current = await liveEndpoint(queries, path)
        requireAction(endpointActions, 'update', endpointSubjectOf(current))
        return {
          projectUid: project.uid,
          branchUid: branch.uid,
          endpointUid: endpoint.uid,
          before: settingsOf(current.endpoint),
          after: changes(current),
        }
      },
      locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
    })
    return viewOperation(row)
  }
}
