// What a new role may be given at once, as the statements that give it.

export type GrantLevel = 'none' | 'read' | 'write' | 'create'

const TABLES = {
  read: 'SELECT',
  write: 'SELECT, INSERT, UPDATE, DELETE',
  create: 'SELECT, INSERT, UPDATE, DELETE',
} as const

/** Where something is given. */
export interface GrantPlace {
  readonly database: string
  readonly schema: string
}

/** The statements, to be run in the database; default privileges count for tables that one makes oneself. */
export function grantStatements(level: GrantLevel, role: string, place: GrantPlace): readonly string[] {
  if (level === 'none' || role === '' || place.schema === '') return []
  const to = `TO ${quoted(role)}`
  const schema = quoted(place.schema)
  const sequences =
    level === 'read'
      ? []
      : [
          `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${schema} ${to}`,
          `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE, SELECT ON SEQUENCES ${to}`,
        ]
  return [
    `GRANT CONNECT ON DATABASE ${quoted(place.database)} ${to}`,
    `GRANT ${level === 'create' ? 'USAGE, CREATE' : 'USAGE'} ON SCHEMA ${schema} ${to}`,
    `GRANT ${TABLES[level]} ON ALL TABLES IN SCHEMA ${schema} ${to}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT ${TABLES[level]} ON TABLES ${to}`,
    ...sequences,
  ]
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
