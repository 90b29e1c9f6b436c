// The environment of an app: what the platform sets (databricks-api.md §3.6 in the field's documents), what its resources give, what
// app.yaml and the deployment say; later ones win.
import path from 'node:path'
import type { AppVariable, EnvVar } from '@lakelet/api'
import { because, LakeletError } from '../base/errors.ts'
import type { AppYamlVariable } from './app-yaml.ts'
import type { ResolvedResources } from './app-resources.ts'
import type { AppWorkspace } from './ports.ts'

export interface EnvironmentInput extends ResolvedResources {
  readonly app: {
    readonly name: string
    readonly url: string
    readonly clientId: string
    readonly clientSecret: string
  }
  readonly workspace: AppWorkspace
  readonly yaml: readonly AppYamlVariable[]
  readonly deployment: readonly EnvVar[]
  readonly port: number
}

type Layer = readonly (readonly [name: string, value: string])[]

/**
 * Every variable with where it comes from. LakeletError `app_value_from` for a key that no resource has, `app_resource_absent` for one
 * that names what no local workspace has; what the deployment sets itself is not asked for.
 */
export function appVariables(input: EnvironmentInput): AppVariable[] {
  const own = new Set(input.deployment.map((each) => each.name))
  const yaml = input.yaml.filter((each) => !own.has(each.name))
  const layers: readonly (readonly [AppVariable['source'], Layer])[] = [
    ['platform', platformVariables(input)],
    ['resource', databaseLayer(input)],
    ['app.yaml', yaml.map((each) => [each.name, yamlValue(each, input)] as const)],
    ['deployment', input.deployment.map((each) => [each.name, deploymentValue(each, input)] as const)],
  ]
  const variables = new Map<string, AppVariable>()
  for (const [source, layer] of layers) {
    for (const [name, value] of layer) variables.set(name, { name, value, source })
  }
  return [...variables.values()]
}

/** The same with secrets hidden. */
export function maskVariables(variables: readonly AppVariable[]): AppVariable[] {
  const isSecret = (name: string) => /SECRET|PASSWORD|TOKEN|PRIVATE_KEY|API_?KEY/i.test(name)
  return variables.map((each) => (isSecret(each.name) ? { ...each, value: '********' } : each))
}

/** Everything the process gets: the variables, a PATH with the build's programs first, and the little that it inherits. */
export function processEnvironment(
  variables: readonly AppVariable[],
  place: AppPlace,
): Record<string, string> {
  const own = Object.fromEntries(variables.map((each) => [each.name, each.value]))
  return { ...inherited(INHERITED), ...placeVariables(place), ...own }
}

/** Where a process of an app finds programs and keeps its files. */
export interface AppPlace {
  /** Directories of the build's programs. */
  readonly binDirectories: readonly string[]
  /** Directory of the Node that apps run on. */
  readonly nodeDirectory: string
  readonly home: string
  /** Whether the home is the app's own, as its user is. */
  readonly isOwnUser: boolean
}

function placeVariables({
  binDirectories,
  nodeDirectory,
  home,
  isOwnUser,
}: AppPlace): Record<string, string> {
  const search = [...binDirectories, nodeDirectory, process.env['PATH'] ?? '']
  // The workspace's directory for temporary files may be closed to another user.
  const temporary = isOwnUser ? path.join(home, 'tmp') : process.env['TMPDIR']
  return {
    PATH: search.join(path.delimiter),
    HOME: home,
    ...(temporary === undefined ? {} : { TMPDIR: temporary }),
  }
}

/** What the variables of the platform are made of. */
export interface PlatformInput extends Pick<EnvironmentInput, 'app' | 'port'> {
  readonly workspace: Pick<AppWorkspace, 'host' | 'workspaceId' | 'caFile'>
}

/** What the platform sets for every app. */
export function platformVariables({ app, workspace, port }: PlatformInput): Layer {
  // Frameworks bind to loopback: visitors come through the app's own address, which signs them in.
  const host = '127.0.0.1'
  const text = String(port)
  return [
    ['DATABRICKS_APP_NAME', app.name],
    ['DATABRICKS_APP_PORT', text],
    ['DATABRICKS_APP_URL', app.url],
    ['DATABRICKS_HOST', workspace.host],
    ['DATABRICKS_WORKSPACE_ID', workspace.workspaceId],
    ['DATABRICKS_CLIENT_ID', app.clientId],
    ['DATABRICKS_CLIENT_SECRET', app.clientSecret],
    ['PORT', text],
    ['HOST', host],
    ['PYTHONUNBUFFERED', '1'],
    // By PORT alone gunicorn listens on all interfaces; its command line goes before this.
    ['GUNICORN_CMD_ARGS', `--bind=${host}:${text}`],
    ['FLASK_RUN_HOST', host],
    ['FLASK_RUN_PORT', text],
    ['UVICORN_HOST', host],
    ['UVICORN_PORT', text],
    ['GRADIO_SERVER_NAME', host],
    ['GRADIO_SERVER_PORT', text],
    ['GRADIO_ANALYTICS_ENABLED', 'false'],
    ['STREAMLIT_SERVER_ADDRESS', host],
    ['STREAMLIT_SERVER_PORT', text],
    ['STREAMLIT_SERVER_HEADLESS', 'true'],
    ['STREAMLIT_SERVER_ENABLE_CORS', 'false'],
    ['STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION', 'false'],
    ['STREAMLIT_BROWSER_GATHER_USAGE_STATS', 'false'],
    // Databases are signed by the workspace's own authority. Node adds this file to the authorities it knows and libpq uses it for
    // Postgres only, whereas SSL_CERT_FILE would replace the system's authorities for every other server the app talks to.
    ['PGSSLROOTCERT', workspace.caFile],
    ['NODE_EXTRA_CA_CERTS', workspace.caFile],
  ]
}

/** Only the first database resource is injected, and never a password. */
function databaseLayer({ app, databases }: EnvironmentInput): Layer {
  const [first] = databases.values()
  if (!first) return []
  return [
    ['PGHOST', first.host],
    ['PGPORT', String(first.port)],
    ['PGDATABASE', first.database],
    ['PGUSER', app.clientId],
    ['PGSSLMODE', 'require'],
    ['PGAPPNAME', app.name],
  ]
}

function yamlValue(variable: AppYamlVariable, resources: ResolvedResources): string {
  return 'value' in variable ? variable.value : resolve(variable.valueFrom, variable.name, resources)
}

function deploymentValue(variable: EnvVar, resources: ResolvedResources): string {
  return variable.value_from === undefined
    ? (variable.value ?? '')
    : resolve(variable.value_from, variable.name, resources)
}

function resolve(
  key: string,
  variable: string,
  { databases, secrets, apps, absent }: ResolvedResources,
): string {
  const value = databases.get(key)?.endpoint ?? secrets.get(key) ?? apps.get(key)
  if (value !== undefined) return value
  const kind = absent.get(key)
  if (kind !== undefined) throw new LakeletError('app_resource_absent', { resource: key, variable, kind })
  const known = [...databases.keys(), ...secrets.keys(), ...apps.keys()].join(', ')
  const reason = known === '' ? because('app_has_no_resources') : because('app_resources_are', { known })
  throw new LakeletError('app_value_from', { resource: key, variable, reason })
}

/** Of the workspace's own environment an app sees the language, the time zone and the way to the network. */
const INHERITED = /^(LANG|LC_\w+|TZ|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|https?_proxy|all_proxy)$/i

function inherited(allowed: RegExp): Record<string, string> {
  const taken = Object.entries(process.env).filter(([name]) => allowed.test(name))
  const local = ['127.0.0.1', 'localhost', '::1']
  const proxied = process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? ''
  // The workspace is on this machine, where no proxy finds it.
  const direct = [...proxied.split(',').filter((each) => each !== ''), ...local].join(',')
  return { ...(Object.fromEntries(taken) as Record<string, string>), NO_PROXY: direct, no_proxy: direct }
}

/** Besides, a build is told where the registries are and how to trust them. */
const BUILD_INHERITED =
  /^(LANG|LC_\w+|TZ|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO|https?_proxy|all_proxy|npm_config_\w+|PIP_\w+|UV_\w+)$/i

/** What npm tells of the command that started the workspace, and what no build has to know. */
const NOT_FOR_BUILDS =
  /auth|token|password|secret|username|_key$|^npm_config_(prefix|local_prefix|global_prefix|globalconfig|init_module|user_agent|npm_version|node_gyp)$/i

/** Places of the workspace's own user, which another one cannot write to. */
const OF_OWN_USER =
  /^(npm_config_(cache|userconfig|tmp|logs_dir)|(PIP|UV)_CACHE_DIR|PIP_CONFIG_FILE|UV_\w+_DIR)$/i

/** The environment of a build: what is on a list, and nothing else of the workspace's. */
export function buildEnvironment(place: AppPlace): Record<string, string> {
  const kept = Object.entries(inherited(BUILD_INHERITED)).filter(
    ([name]) => !NOT_FOR_BUILDS.test(name) && !(place.isOwnUser && OF_OWN_USER.test(name)),
  )
  return { ...Object.fromEntries(kept), ...placeVariables(place) }
}
