// What a new role may be given at once, as the statements that give it.

export type GrantLevel = 'none' | 'read' | 'write' | 'create'

const TABLES = {
  read: 'SELECT',
  write: 'SELECT, INSERT, UPDATE, DELETE',
  create: 'SELECT, INSERT, UPDATE, DELETE',
} as const

/** The statements for the database `databricks_postgres` and its schema public; default privileges count for tables that one makes oneself. */
export function grantStatements(level: GrantLevel, role: string): readonly string[] {
  if (level === 'none' || role === '') return []
  const to = `TO "${role.replaceAll('"', '""')}"`
  const sequences =
    level === 'read'
      ? []
      : [
          `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public ${to}`,
          `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES ${to}`,
        ]
  return [
    `GRANT CONNECT ON DATABASE databricks_postgres ${to}`,
    `GRANT ${level === 'create' ? 'USAGE, CREATE' : 'USAGE'} ON SCHEMA public ${to}`,
    `GRANT ${TABLES[level]} ON ALL TABLES IN SCHEMA public ${to}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ${TABLES[level]} ON TABLES ${to}`,
    ...sequences,
  ]
}
