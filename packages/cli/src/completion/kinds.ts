// Which kind of name an argument or a flag takes: it follows from what it is called, and for Postgres from the path of its route.
import type { Command } from '../command/define-command.ts'
import { postgresRows } from '../commands/postgres/table.ts'
import type { Flag } from './read-words.ts'
import { SHELLS } from './scripts.ts'

/** `target`: a project, a branch or an endpoint, by its full name. `…Id`: only the last part. */
export type NameKind =
  | 'project'
  | 'branch'
  | 'endpoint'
  | 'database'
  | 'role'
  | 'target'
  | 'projectId'
  | 'branchId'
  | 'endpointId'
  | 'app'
  | 'profile'
  | 'path'

type Kind = NameKind | 'files' | readonly string[] | undefined

const RESOURCES = ['project', 'branch', 'endpoint', 'database', 'role'] as const

/** The kind of an argument of a command. */
export function kindOfArgument({ path }: Command, name: string): Kind {
  const [group = '', verb = ''] = path
  if (group === 'postgres') return kindInPostgres(verb, name)
  if (name === 'target') return 'target'
  if (name === 'file') return 'files'
  if (name === 'app' || name === 'appName' || (group === 'apps' && name === 'name')) return 'app'
  if (name === 'branch') return 'branch'
  if (name === 'project') return 'projectId'
  if (name === 'shell') return SHELLS
  if (group === 'sync') return name === 'src' ? 'files' : 'path'
  if (group === 'workspace') {
    const isLocal = (verb === 'import-dir') === (name === 'sourcePath') && verb.endsWith('-dir')
    return isLocal ? 'files' : 'path'
  }
  return undefined
}

function kindInPostgres(verb: string, name: string): Kind {
  if (name === 'endpoint') return 'endpoint'
  const row = postgresRows.find((each) => each.verb === verb)
  if (!row || (name !== 'name' && name !== 'parent')) return undefined
  const suffix = row.suffix ?? ''
  const named = row.route.path.slice(0, row.route.path.length - suffix.length)
  return RESOURCES.find((each) => named.endsWith(`/:${each}`))
}

/** The kind of the value of a flag. */
export function kindOfValue({ flag, value }: Flag): Kind {
  if (flag === '--project') return 'projectId'
  if (flag === '--branch') return 'branchId'
  if (flag === '--endpoint') return 'endpointId'
  if (flag === '--reassign-owned-to') return 'role'
  if (flag === '--profile') return 'profile'
  if (flag === '--app') return 'app'
  if (flag === '--source-code-path') return 'path'
  return value === 'FILE' || value === 'DIR' || flag === '--json' ? 'files' : undefined
}
