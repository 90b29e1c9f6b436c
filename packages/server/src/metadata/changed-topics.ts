// Which topics of the workspace a statement changes.
import type { DatabaseSync } from 'node:sqlite'
import type { ChangeTopic } from '@lakelet/api'
import type { Tables } from './schema.ts'

/** The topics of each table; none for what nobody watches. */
const TOPICS: Readonly<Record<keyof Tables, readonly ChangeTopic[]>> = {
  projects: ['projects'],
  branches: ['branches'],
  snapshots: ['snapshots'],
  snapshot_schedules: ['snapshots'],
  endpoints: ['endpoints'],
  catalog_ids: ['roles', 'databases'],
  catalogs: ['roles', 'databases'],
  data_apis: ['databases'],
  operations: ['operations'],
  operation_locks: [],
  apps: ['apps'],
  app_thumbnails: ['apps'],
  app_deployments: ['deployments'],
  deployment_files: [],
  workspace_objects: ['files'],
  principals: ['principals'],
  group_members: ['principals'],
  permission_grants: ['permissions'],
  personal_tokens: ['tokens'],
  service_principal_secrets: ['tokens'],
  secret_scopes: [],
  secrets: [],
  secret_acls: [],
  secret_attachments: [],
  role_passwords: [],
  bundle_deployments: [],
  bundle_versions: [],
  bundle_records: [],
  browser_sessions: [],
  sign_in_links: [],
  oauth_artifacts: [],
  signing_keys: [],
  settings: [],
}

const WRITE = /^\s*(?:(insert|replace)(?:\s+or\s+\w+)?\s+into|(update)|(delete)\s+from)\s+"?(\w+)"?/i

/**
 * The topics that a statement changes: those of its table and, where rows go, of the tables whose rows go with them
 * (`ON DELETE CASCADE`). Empty for a SELECT.
 */
export function changedTopics(sqlite: DatabaseSync): (sql: string) => readonly ChangeTopic[] {
  const dependents = cascades(sqlite)
  return (sql) => {
    const [, inserts, , deletes, table] = WRITE.exec(sql) ?? []
    if (table === undefined) return []
    const removes = deletes !== undefined || inserts?.toLowerCase() === 'replace'
    const tables = removes ? withDependents(table, dependents) : [table]
    return [...new Set(tables.flatMap((each) => TOPICS[each as keyof Tables] ?? []))]
  }
}

/** For each table those whose rows are deleted with its rows, as the schema says. */
function cascades(sqlite: DatabaseSync): ReadonlyMap<string, readonly string[]> {
  const rows = sqlite
    .prepare(
      `SELECT child.name AS child, "table" AS parent FROM sqlite_schema AS child, pragma_foreign_key_list(child.name)
         WHERE child.type = 'table' AND on_delete = 'CASCADE'`,
    )
    .all()
  const found = new Map<string, string[]>()
  for (const { child, parent } of rows) {
    found.set(String(parent), [...(found.get(String(parent)) ?? []), String(child)])
  }
  return found
}

function withDependents(table: string, dependents: ReadonlyMap<string, readonly string[]>): string[] {
  const all = new Set([table])
  // A set yields what is added while it is walked.
  for (const each of all) for (const child of dependents.get(each) ?? []) all.add(child)
  return [...all]
}
