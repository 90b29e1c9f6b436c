import type { Insertable, Selectable } from 'kysely'
import type { Queries } from './database.ts'
import type { EndpointsTables } from './schema.ts'

export type EndpointRow = Selectable<EndpointsTables['endpoints']>
export type NewEndpointRow = Insertable<EndpointsTables['endpoints']>

/** An endpoint of a branch by id or uid. */
export async function findEndpoint(
  queries: Queries,
  branchUid: string,
  idOrUid: string,
): Promise<EndpointRow | undefined> {
  const rows = await queries
    .selectFrom('endpoints')
    .selectAll()
    .where('branch_uid', '=', branchUid)
    .where((where) => where.or([where('endpoint_id', '=', idOrUid), where('uid', '=', idOrUid)]))
    .execute()
  return rows.find((row) => row.endpoint_id === idOrUid) ?? rows[0]
}

/** Endpoints of a branch after `afterSeq` in the order they were created. */
export async function listEndpoints(
  queries: Queries,
  branchUid: string,
  page: { readonly afterSeq: number; readonly limit: number } = { afterSeq: 0, limit: 1000 },
): Promise<EndpointRow[]> {
  return queries
    .selectFrom('endpoints')
    .selectAll()
    .where('branch_uid', '=', branchUid)
    .where('seq', '>', page.afterSeq)
    .orderBy('seq')
    .limit(page.limit)
    .execute()
}

/** Uids of all endpoints, those of deleted branches and projects too, as long as they can come back. */
export async function listEndpointUids(queries: Queries): Promise<string[]> {
  const rows = await queries.selectFrom('endpoints').select('uid').execute()
  return rows.map(({ uid }) => uid)
}

export async function insertEndpoint(queries: Queries, row: NewEndpointRow): Promise<void> {
  await queries.insertInto('endpoints').values(row).execute()
}

export async function deleteEndpointRow(queries: Queries, uid: string): Promise<void> {
  await queries.deleteFrom('endpoints').where('uid', '=', uid).execute()
}

export async function updateEndpoint(
  queries: Queries,
  uid: string,
  changes: Partial<NewEndpointRow>,
): Promise<void> {
  await queries.updateTable('endpoints').set(changes).where('uid', '=', uid).execute()
}

/** An endpoint with what is above it: what the gateway and the computes need to know. */
export interface LiveEndpoint {
  readonly uid: string
  readonly endpointId: string
  readonly isReadOnly: boolean
  readonly branchUid: string
  readonly branchId: string
  readonly projectUid: string
  readonly projectId: string
  readonly isOfDefaultBranch: boolean
  readonly minCu: number
  readonly maxCu: number
  /** Null = never suspended. */
  readonly suspendSeconds: number | null
  readonly isDisabled: boolean
  /** Null = as the workspace is configured. */
  readonly parksSessions: boolean | null
  /** How many computes it has; more than one has high availability. */
  readonly groupSize: number
  /** Whether clients may read from all but the first. */
  readonly readsSecondaries: boolean
  readonly isNativeLoginEnabled: boolean
  readonly pgSettings: Readonly<Record<string, string>>
  readonly pgVersion: number
  readonly branchState: 'INIT' | 'READY' | 'RESETTING'
  readonly lastActiveTime: string | null
}

/** All endpoints whose branch and project are not deleted, or the one of `uid`. */
export async function listLiveEndpoints(queries: Queries, uid?: string): Promise<LiveEndpoint[]> {
  let query = queries
    .selectFrom('endpoints')
    .innerJoin('branches', 'branches.uid', 'endpoints.branch_uid')
    .innerJoin('projects', 'projects.uid', 'branches.project_uid')
    .select([
      'endpoints.uid',
      'endpoints.endpoint_id',
      'endpoints.type',
      'endpoints.branch_uid',
      'branches.branch_id',
      'projects.uid as project_uid',
      'projects.project_id',
      'projects.default_branch_uid',
      'endpoints.min_cu',
      'endpoints.max_cu',
      'endpoints.suspend_seconds',
      'endpoints.disabled',
      'endpoints.parks_sessions',
      'endpoints.group_size',
      'endpoints.reads_secondaries',
      'endpoints.pg_settings',
      'projects.enable_pg_native_login',
      'projects.pg_version',
      'branches.state',
      'endpoints.last_active_time',
    ])
    .where('branches.delete_time', 'is', null)
    .where('projects.delete_time', 'is', null)
  if (uid !== undefined) query = query.where('endpoints.uid', '=', uid)
  const rows = await query.orderBy('endpoints.seq').execute()
  return rows.map((row) => ({
    uid: row.uid,
    endpointId: row.endpoint_id,
    isReadOnly: row.type === 'ENDPOINT_TYPE_READ_ONLY',
    branchUid: row.branch_uid,
    branchId: row.branch_id,
    projectUid: row.project_uid,
    projectId: row.project_id,
    isOfDefaultBranch: row.default_branch_uid === row.branch_uid,
    minCu: row.min_cu,
    maxCu: row.max_cu,
    suspendSeconds: row.suspend_seconds,
    isDisabled: row.disabled === 1,
    parksSessions: row.parks_sessions === null ? null : row.parks_sessions === 1,
    groupSize: row.group_size,
    readsSecondaries: row.reads_secondaries === 1,
    isNativeLoginEnabled: row.enable_pg_native_login === 1,
    pgSettings: JSON.parse(row.pg_settings) as Record<string, string>,
    pgVersion: row.pg_version,
    branchState: row.state,
    lastActiveTime: row.last_active_time,
  }))
}

/** Every endpoint of the workspace, those of deleted branches too. */
export async function allEndpoints(queries: Queries): Promise<EndpointRow[]> {
  return queries.selectFrom('endpoints').selectAll().orderBy('seq').execute()
}

/** The endpoints of whose computes something was asked that is not done yet; those of what is deleted are left out. */
export async function listAskedMoves(
  queries: Queries,
): Promise<{ readonly uid: string; readonly asked: 'SUSPEND' | 'RESTART' }[]> {
  const rows = await queries
    .selectFrom('endpoints')
    .innerJoin('branches', 'branches.uid', 'endpoints.branch_uid')
    .innerJoin('projects', 'projects.uid', 'branches.project_uid')
    .select(['endpoints.uid', 'endpoints.asked_move'])
    .where('endpoints.asked_move', 'is not', null)
    .where('branches.delete_time', 'is', null)
    .where('projects.delete_time', 'is', null)
    .execute()
  return rows.flatMap(({ uid, asked_move: asked }) => (asked === null ? [] : [{ uid, asked }]))
}
