// Looking into, and mending, a copy of the metadata that nobody uses yet.
import { DatabaseSync } from 'node:sqlite'

/** What a copy knows that has files: branches with the endpoint through which they are reached, and snapshots that are whole. */
export interface CopiedRows {
  readonly branches: readonly {
    readonly uid: string
    readonly project: string
    readonly projectUid: string
    readonly branch: string
    readonly endpointUid: string | undefined
    readonly isDeleted: boolean
  }[]
  readonly snapshots: readonly { readonly uid: string; readonly project: string; readonly snapshot: string }[]
}

/** Reads a copy. Branches that are still being made have no files. */
export function rowsInCopy(file: string): CopiedRows {
  using copy = open(file)
  const branches = copy.database
    .prepare(
      `SELECT branches.uid, branch_id, branches.delete_time, projects.project_id, projects.uid AS project_uid, (
           SELECT endpoints.uid FROM endpoints WHERE branch_uid = branches.uid AND type = 'ENDPOINT_TYPE_READ_WRITE' LIMIT 1
         ) AS endpoint_uid
         FROM branches JOIN projects ON projects.uid = branches.project_uid WHERE state != 'INIT' ORDER BY branches.seq`,
    )
    .all()
  const snapshots = copy.database
    .prepare(
      `SELECT snapshots.uid, snapshot_id, project_id FROM snapshots JOIN projects ON projects.uid = project_uid
         WHERE state = 'READY' ORDER BY snapshots.seq`,
    )
    .all()
  return {
    branches: branches.map((row) => ({
      uid: String(row['uid']),
      project: String(row['project_id']),
      projectUid: String(row['project_uid']),
      branch: String(row['branch_id']),
      endpointUid: row['endpoint_uid'] === null ? undefined : String(row['endpoint_uid']),
      isDeleted: row['delete_time'] !== null,
    })),
    snapshots: snapshots.map((row) => ({
      uid: String(row['uid']),
      project: String(row['project_id']),
      snapshot: String(row['snapshot_id']),
    })),
  }
}

/** What of a copy decides what is kept of it elsewhere: how far back each branch goes, too. */
export function copyFacts(file: string): {
  readonly branches: readonly {
    readonly uid: string
    readonly name: string
    readonly windowSeconds: number
  }[]
  readonly snapshots: readonly { readonly uid: string }[]
} {
  const { branches, snapshots } = rowsInCopy(file)
  using copy = open(file)
  const windows = new Map(
    copy.database
      .prepare('SELECT uid, history_retention_seconds AS seconds FROM projects')
      .all()
      .map((row) => [String(row['uid']), Number(row['seconds'])]),
  )
  return {
    snapshots,
    branches: branches.map(({ uid, project, projectUid, branch }) => ({
      uid,
      name: `projects/${project}/branches/${branch}`,
      windowSeconds: windows.get(projectUid) ?? 0,
    })),
  }
}

/** Forgets in a copy the branches and snapshots whose files are not beside it. */
export function forgetInCopy(file: string, uids: readonly string[]): void {
  using copy = open(file)
  copy.database.exec('PRAGMA foreign_keys = ON')
  for (const table of ['branches', 'snapshots']) {
    const statement = copy.database.prepare(`DELETE FROM ${table} WHERE uid = ?`)
    for (const uid of uids) statement.run(uid)
  }
}

function open(file: string): { readonly database: DatabaseSync } & Disposable {
  const database = new DatabaseSync(file)
  return { database, [Symbol.dispose]: () => database.close() }
}
