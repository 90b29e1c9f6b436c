// The API says "project id not found" and leaves open which one, as the service does. Here is known what was asked for, so the message
// names it, and what there is instead.
import {
  ApiError,
  type Client,
  type RouteDefinition,
  appsRoutes,
  branchRoutes,
  databaseRoutes,
  endpointRoutes,
  nearest,
  parseResourceName,
  projectRoutes,
  roleRoutes,
  snapshotRoutes,
} from '@lakelet/api'
import { HintedApiError } from '../command/failure.ts'

/** What a call was about. */
interface Asked {
  readonly params?: Readonly<Record<string, unknown>> | undefined
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly body?: unknown
}

/** `client`, whose errors about names say which name and suggest another. */
export function namingErrors(client: Client): Client {
  return {
    host: client.host,
    async call(route, input, signal) {
      try {
        return await client.call(route, input, signal)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        throw await named(error, route, input, client)
      }
    },
  }
}

async function named(
  error: ApiError,
  route: RouteDefinition,
  asked: Asked,
  client: Client,
): Promise<ApiError> {
  const missing = /^(\w+) id not found/.exec(error.message)
  if (missing) {
    const names = namesAsked(missing[1] ?? '', route, asked)
    return missingResource(error, missing[0], await missingOf(client, names), client)
  }
  const present = /^(\w+) with (?:such id|that name) already exists(?: in the workspace)?/.exec(error.message)
  if (present) {
    const name = newName(present[1] ?? '', route, asked)
    return name === undefined ? error : hinted(error, inserted(error.message, present[0], name))
  }
  const mask = /update.mask.*'(.+)'.*(?:may name|known): (.+)\.$/i.exec(error.message)
  if (mask) return hinted(error, error.message, fieldMeant(mask[1] ?? '', (mask[2] ?? '').split(', ')))
  const app = /^App with name (.+) does not exist/.exec(error.message)?.[1]
  return app === undefined ? error : hinted(error, error.message, await otherApp(client, app))
}

async function missingResource(
  error: ApiError,
  text: string,
  name: string | undefined,
  client: Client,
): Promise<ApiError> {
  if (name === undefined) return error
  const other = text.startsWith('app ') ? otherApp(client, name) : otherName(client, name)
  return hinted(error, inserted(error.message, text, name), await other)
}

function inserted(message: string, text: string, name: string): string {
  return message.replace(text, () => `${text}: ${name}`)
}

function hinted(error: ApiError, message: string, todo?: string): ApiError {
  return new HintedApiError(error, message, todo)
}

/** The one of them that is not there. */
async function missingOf(client: Client, names: readonly string[]): Promise<string | undefined> {
  for (const name of names.slice(0, -1)) {
    const siblings = await siblingsOf(client, name).catch(() => undefined)
    if (!siblings?.includes(name)) return name
  }
  return names.at(-1)
}

/** The full names of the `type` that a call was about: in its path, and in what it sent. */
function namesAsked(type: string, route: RouteDefinition, asked: Asked): string[] {
  const inPath = nameInPath(type, route, asked)
  const sent = textsIn([asked.body, asked.query]).filter((text) => parseResourceName(text)?.type === type)
  const names = [...(inPath === undefined ? [] : [inPath]), ...sent]
  if (names.length > 0) return names
  // What is no name at all stands where one was expected.
  const given = (asked.body as Readonly<Record<string, unknown>> | undefined)?.[type]
  return typeof given === 'string' ? [given] : []
}

function nameInPath(type: string, route: RouteDefinition, asked: Asked): string | undefined {
  const below = /^\/api\/2\.0\/(?:lakelet\/postgres|postgres|lakelet)\/(.*)$/.exec(route.path)?.[1] ?? ''
  const segments = below.split('/')
  const at = segments.indexOf(`:${type}`)
  if (at !== -1) return filled(segments.slice(0, at + 1), asked)
  if (asked.params?.['object_type'] === 'database-projects')
    return `projects/${String(asked.params['object_id'])}`
  return asked.params?.['object_type'] === 'apps' ? String(asked.params['object_id']) : undefined
}

/** The full name that a create would have given, or what it is called in Postgres. */
function newName(type: string, route: RouteDefinition, asked: Asked): string | undefined {
  const id = asked.query?.[`${type}_id`]
  const below = route.path
    .replace(/^\/api\/2\.0\/(?:lakelet\/)?postgres\//, '')
    .replace(/\/(branch)-imports$/, '/$1es')
    .split('/')
  const spec = (asked.body as { spec?: Readonly<Record<string, unknown>> } | undefined)?.spec
  const inside = spec?.[`postgres_${type}`]
  if (typeof inside === 'string') return inside
  return typeof id === 'string' && id !== '' ? `${filled(below, asked)}/${id}` : undefined
}

function filled(segments: readonly string[], { params = {} }: Asked): string {
  return segments.map((each) => (each.startsWith(':') ? String(params[each.slice(1)]) : each)).join('/')
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

/** People misspell fields of a mask, and leave out `spec.`. */
function fieldMeant(field: string, known: readonly string[]): string | undefined {
  const meant = nearest(field, known) ?? nearest(`spec.${field}`, known)
  return meant === undefined ? undefined : `Did you mean '${meant}'?`
}

/** How many names a hint lists. */
const LISTED = 5

async function otherName(client: Client, name: string): Promise<string | undefined> {
  const names = await siblingsOf(client, name).catch(() => undefined)
  if (!names) return undefined
  // Only the id at the end differs.
  const parent = name.slice(0, name.lastIndexOf('/') + 1)
  const near = nearest(
    name.slice(parent.length),
    names.map((each) => each.slice(parent.length)),
  )
  return near === undefined ? listed(names) : `Did you mean '${parent}${near}'?`
}

async function otherApp(client: Client, name: string): Promise<string | undefined> {
  const reply = await client.call(appsRoutes.list, {}).catch(() => undefined)
  if (!reply) return undefined
  const names = (reply.apps ?? []).map((app) => app.name)
  const near = nearest(name, names)
  return near === undefined ? listed(names) : `Did you mean '${near}'?`
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'There is none yet.'
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  return `There is ${names.slice(0, LISTED).join(', ')}${more}.`
}

/** The names of what lies beside `name`. */
async function siblingsOf(client: Client, name: string): Promise<readonly string[] | undefined> {
  const parsed = parseResourceName(name)
  if (!parsed) return undefined
  const { type, project, branch = '' } = parsed
  if (type === 'project') return namesOf((await client.call(projectRoutes.listProjects, {})).projects)
  const params = { project, branch }
  switch (type) {
    case 'branch':
      return namesOf((await client.call(branchRoutes.listBranches, { params: { project } })).branches)
    case 'endpoint':
      return namesOf((await client.call(endpointRoutes.listEndpoints, { params })).endpoints)
    case 'database':
      return namesOf((await client.call(databaseRoutes.listDatabases, { params })).databases)
    case 'role':
      return namesOf((await client.call(roleRoutes.listRoles, { params })).roles)
    case 'snapshot':
      return namesOf((await client.call(snapshotRoutes.listSnapshots, { params: { project } })).snapshots)
    case 'snapshot_schedule':
      return undefined
  }
}

function namesOf(found: readonly { readonly name: string }[] = []): string[] {
  return found.map(({ name }) => name)
}
