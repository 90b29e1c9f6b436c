// Making the rows of a branch again from its manifest.
import { sql } from 'kysely'
import { findBranchByUid, updateBranch } from '../../metadata/branches.ts'
import { putCatalogId } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import { allEndpoints, updateEndpoint } from '../../metadata/endpoints.ts'
import { allProjects, updateProject } from '../../metadata/projects.ts'
import type { BranchRecord } from './branch-record.ts'

type Row = Readonly<Record<string, unknown>>
type RecoveredTable = 'projects' | 'branches' | 'endpoints'

/** What happened to one branch: the names it has now. */
export interface Adopted {
  readonly projectId: string
  readonly branchId: string
  /** The endpoints that are not the branch's any more, because another one has their uid. */
  readonly lostEndpoints: readonly string[]
}

/**
 * Makes the project, the branch, its endpoints and the ids of its roles and databases what `record` says, new or not. A name
 * that another one has by now gets a number. `sizeBytes` is what the branch's files take.
 */
export async function adopt(queries: Queries, record: BranchRecord, sizeBytes: number): Promise<Adopted> {
  const projectId = await adoptProject(queries, record)
  const branchId = await adoptBranch(queries, record, sizeBytes)
  const lostEndpoints = await adoptEndpoints(queries, record)
  for (const each of record.catalogIds) {
    const times = { create_time: record.branch.create_time, update_time: record.branch.create_time }
    await putCatalogId(queries, { ...times, ...each, branch_uid: record.branch.uid })
  }
  return { projectId, branchId, lostEndpoints }
}

async function adoptProject(queries: Queries, { project }: BranchRecord): Promise<string> {
  const all = await allProjects(queries)
  const known = all.find(({ uid }) => uid === project.uid)
  const taken = all
    .filter((row) => row.uid !== project.uid && row.delete_time === null)
    .map((row) => row.project_id)
  const row = { ...project, project_id: freeName(project.project_id, taken) }
  if (known) await updateProject(queries, project.uid, await stored(queries, 'projects', row))
  else await insert(queries, 'projects', row)
  return row.project_id
}

async function adoptBranch(queries: Queries, record: BranchRecord, sizeBytes: number): Promise<string> {
  const { branch, project } = record
  const others = await queries
    .selectFrom('branches')
    .select('branch_id')
    .where('project_uid', '=', project.uid)
    .where('uid', '!=', branch.uid)
    .where('delete_time', 'is', null)
    .execute()
  const row = {
    ...branch,
    branch_id: freeName(
      branch.branch_id,
      others.map(({ branch_id: id }) => id),
    ),
    project_uid: project.uid,
    state: 'READY',
    logical_size_bytes: sizeBytes,
  }
  if (await findBranchByUid(queries, branch.uid))
    await updateBranch(queries, branch.uid, await stored(queries, 'branches', row))
  else await insert(queries, 'branches', row)
  return row.branch_id
}

async function adoptEndpoints(queries: Queries, { branch, endpoints }: BranchRecord): Promise<string[]> {
  const all = await allEndpoints(queries)
  const lost: string[] = []
  for (const endpoint of endpoints) {
    const known = all.find(({ uid }) => uid === endpoint.uid)
    const row = { ...endpoint, branch_uid: branch.uid }
    if (!known) await insert(queries, 'endpoints', row)
    else if (known.branch_uid === branch.uid)
      await updateEndpoint(queries, endpoint.uid, await stored(queries, 'endpoints', row))
    else lost.push(endpoint.uid)
  }
  // What was deleted after the metadata that is being brought up to date.
  const kept = new Set(endpoints.map(({ uid }) => uid))
  const gone = all.filter((row) => row.branch_uid === branch.uid && !kept.has(row.uid))
  for (const { uid } of gone) await queries.deleteFrom('endpoints').where('uid', '=', uid).execute()
  return lost
}

async function insert(queries: Queries, table: RecoveredTable, row: Row): Promise<void> {
  const values = Object.entries(await stored(queries, table, row))
  const names = sql.join(values.map(([name]) => sql.ref(name)))
  const places = sql.join(values.map(([, value]) => sql`${value}`))
  await sql`INSERT INTO ${sql.table(table)} (${names}) VALUES (${places})`.execute(queries)
}

/** Only what the table has a column for: a manifest can be of another version. */
async function stored(queries: Queries, table: RecoveredTable, row: Row): Promise<object> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM pragma_table_info(${table})`.execute(queries)
  const columns = new Set(rows.map(({ name }) => name))
  return Object.fromEntries(Object.entries(row).filter(([name]) => columns.has(name) && name !== 'seq'))
}

/** `name`, or `name-2`, `name-3`, … where others have it. */
export function freeName(name: string, taken: readonly string[]): string {
  let free = name
  for (let n = 2; taken.includes(free); n += 1) free = `${name}-${n}`
  return free
}
