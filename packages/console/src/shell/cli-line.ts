// The command line that does what a call of the API does, where there is one.
import type { LooseInput } from '../api/types.ts'

type Values = Readonly<Record<string, unknown>>

const PARTS = [
  ['projects', 'project'],
  ['branches', 'branch'],
  ['endpoints', 'endpoint'],
  ['databases', 'database'],
  ['roles', 'role'],
  ['snapshots', 'snapshot'],
] as const

/** Commands that are not the words of their route, by the route's id. */
const OTHERS: Readonly<Record<string, (params: Values, query: Values, body: Values) => readonly string[]>> = {
  'apps.list': () => ['apps', 'list'],
  'apps.get': ({ name }) => ['apps', 'get', text(name)],
  'apps.create': (_, { template }, { name }) => [
    'apps',
    'create',
    text(name),
    ...(template === undefined ? [] : ['--template', text(template)]),
  ],
  'apps.delete': ({ name }) => ['apps', 'delete', text(name)],
  'apps.start': ({ name }) => ['apps', 'start', text(name)],
  'apps.stop': ({ name }) => ['apps', 'stop', text(name)],
  'apps.deploy': ({ name }, _, { source_code_path: source }) => [
    'apps',
    'deploy',
    text(name),
    ...(source === undefined ? [] : ['--source-code-path', text(source)]),
  ],
  'apps.update': ({ name }, _, body) => ['apps', 'update', text(name), '--json', JSON.stringify(body)],
  'apps.listDeployments': ({ name }) => ['apps', 'list-deployments', text(name)],
  'apps.getLogs': ({ name }) => ['apps', 'logs', text(name)],
  'credentials.generate': (_, __, { endpoint }) => [
    'postgres',
    'generate-database-credential',
    text(endpoint),
  ],
  'lakelet.getBranchHistory': (params) => ['branch', 'history', nameOf(params)],
  'lakelet.restoreBranch': (params, _, { time, lsn, snapshot, in_place: inPlace, branch_id: id, ttl }) => [
    'branch',
    'restore',
    nameOf(params),
    ...option('--time', time),
    ...option('--lsn', lsn),
    ...option('--snapshot', snapshot),
    ...(inPlace === true ? ['--in-place'] : []),
    ...option('--to', id),
    ...option('--ttl', ttl),
  ],
  'lakelet.resetBranch': (params) => ['branch', 'reset', nameOf(params)],
  'lakelet.exportBranch': (params) => [
    'branch',
    'export',
    nameOf(params),
    `${text(params['branch'])}.tar.zst`,
  ],
  'lakelet.importBranch': ({ project }, { branch_id: id, file }) => [
    'branch',
    'import',
    text(file),
    ...option('--project', project),
    ...option('--id', id),
  ],
  'lakelet.compareBranch': (params, _, { with: other, database, ...at }) => [
    'branch',
    'diff',
    `${nameOf(params)}${momentOf(at['time'] ?? at['lsn'])}`,
    `${text(other)}${momentOf(at['with_time'] ?? at['with_lsn'])}`,
    ...option('--database', database),
  ],
  'lakelet.listOperations': (_, { project }) => [
    'operations',
    ...(project === undefined ? [] : ['--project', text(project)]),
  ],
  'permissions.get': (params) => ['permissions', 'get', ...objectOf(params)],
  'permissions.set': (params, _, body) => [
    'permissions',
    'set',
    ...objectOf(params),
    '--json',
    JSON.stringify(body),
  ],
  'permissions.update': (params, _, body) => [
    'permissions',
    'update',
    ...objectOf(params),
    '--json',
    JSON.stringify(body),
  ],
  'scim.me': () => ['current-user', 'me'],
  'workspace.list': (_, { path }) => ['workspace', 'list', text(path)],
  'workspace.mkdirs': (_, __, { path }) => ['workspace', 'mkdirs', text(path)],
  'workspace.delete': (_, __, { path }) => ['workspace', 'delete', text(path)],
}

function objectOf({ object_type: type, object_id: id }: Values): readonly string[] {
  return [text(type), text(id)]
}

function option(name: string, value: unknown): readonly string[] {
  return value === undefined ? [] : [name, text(value)]
}

/** What follows the name of a branch as it was. */
function momentOf(value: unknown): string {
  return value === undefined ? '' : `@${text(value)}`
}

function nameOf({ project, branch }: Values): string {
  return `projects/${text(project)}/branches/${text(branch)}`
}

/** `lakelet …` for a call; undefined where no command does it. */
export function cliLine(id: string, { params = {}, query = {}, body = {} }: LooseInput): string | undefined {
  const words = wordsOf(id, params as Values, query as Values, (body ?? {}) as Values)
  return words && ['lakelet', ...words.map(quoted)].join(' ')
}

function wordsOf(id: string, params: Values, query: Values, body: Values): readonly string[] | undefined {
  const other = OTHERS[id]
  if (other) return other(params, query, body)
  const [group, verb = ''] = id.split('.')
  const [, action = ''] = /^(list|get|create|update|delete|undelete)(?:[A-Z]\w*)$/.exec(verb) ?? []
  if (group !== 'postgres' || action === '' || verb.endsWith('Operation')) return undefined
  const name = PARTS.filter(([, part]) => part in params).flatMap(([kind, part]) => [
    kind,
    text(params[part]),
  ])
  // The only one of its branch has no id.
  if (verb.endsWith('SnapshotSchedule')) name.push('snapshot-schedule')
  const words = ['postgres', kebab(verb), ...(name.length > 0 ? [name.join('/')] : [])]
  if (action === 'create') words.push(...newId(query))
  if ('reassign_owned_to' in query) words.push('--reassign-owned-to', text(query['reassign_owned_to']))
  if (action === 'update') words.push(text(query['update_mask']))
  return action === 'create' || action === 'update' ? [...words, '--json', JSON.stringify(body)] : words
}

/** The id of a new resource: an argument, but for databases and roles, which may go without. */
function newId(query: Values): readonly string[] {
  const found = Object.entries(query).find(([key]) => key.endsWith('_id'))
  if (!found) return []
  const [key, value] = found
  return key === 'database_id' || key === 'role_id' ? [`--${kebab(key)}`, text(value)] : [text(value)]
}

function kebab(word: string): string {
  return word.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-')
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}

/** For a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
