// Names of Postgres resources: `projects/p/branches/b/endpoints/e`. A name is a path; each segment is an id or a uid.

/** What may stand at the end of a resource name. */
export type PostgresResourceType =
  | 'project'
  | 'branch'
  | 'endpoint'
  | 'database'
  | 'role'
  | 'snapshot'
  | 'snapshot_schedule'

/** The ids in a resource name; those below `type` are absent. */
export interface ResourceName {
  readonly type: PostgresResourceType
  readonly project: string
  readonly branch?: string
  /** The id after `endpoints/`, `databases/`, `roles/` or `snapshots/`. */
  readonly leaf?: string
}

const leafTypes: Readonly<Record<string, 'endpoint' | 'database' | 'role'>> = {
  endpoints: 'endpoint',
  databases: 'database',
  roles: 'role',
}

export function projectName(project: string): string {
  return `projects/${project}`
}

export function branchName(project: string, branch: string): string {
  return `${projectName(project)}/branches/${branch}`
}

export function endpointName(project: string, branch: string, endpoint: string): string {
  return `${branchName(project, branch)}/endpoints/${endpoint}`
}

export function databaseName(project: string, branch: string, database: string): string {
  return `${branchName(project, branch)}/databases/${database}`
}

export function roleName(project: string, branch: string, role: string): string {
  return `${branchName(project, branch)}/roles/${role}`
}

/** Snapshots belong to the project: they outlive their branch. */
export function snapshotName(project: string, snapshot: string): string {
  return `${projectName(project)}/snapshots/${snapshot}`
}

/** The one schedule of a branch. */
export function snapshotScheduleName(project: string, branch: string): string {
  return `${branchName(project, branch)}/snapshot-schedule`
}

/** The ids of a full resource name; undefined where `name` is not one. */
export function parseResourceName(name: string): ResourceName | undefined {
  const [projects, project, branches, branch, kind, leaf, ...rest] = name.split('/')
  if (projects !== 'projects' || !project || rest.length > 0) return undefined
  if (branches === undefined) return { type: 'project', project }
  if (branches === 'snapshots' && branch && kind === undefined)
    return { type: 'snapshot', project, leaf: branch }
  if (branches !== 'branches' || !branch) return undefined
  if (kind === undefined) return { type: 'branch', project, branch }
  if (kind === 'snapshot-schedule' && leaf === undefined)
    return { type: 'snapshot_schedule', project, branch }
  const type = Object.hasOwn(leafTypes, kind) ? leafTypes[kind] : undefined
  if (!type || !leaf) return undefined
  return { type, project, branch, leaf }
}
