// The names and options of `@databricks/lakebase`, so that moving is one changed import.
import type { Pool, PoolConfig } from 'pg'
import { credentialSource } from '../credentials/credential-source.ts'
import type { WorkspaceClientLike } from '../credentials/credential-source.ts'
import { systemClock } from '../clock.ts'
import { createPool } from '../pg/index.ts'
import { splitOptions } from '../pg/options.ts'
import type { ConnectorPart } from '../pg/options.ts'
import { sendHttp } from '../workspace/http.ts'
import { WorkspaceLogin } from '../workspace/workspace-login.ts'
import { workspaceSettings } from '../workspace/workspace-settings.ts'

export interface Logger {
  debug(message: string, ...args: unknown[]): void
  info(message: string, ...args: unknown[]): void
  warn(message: string, ...args: unknown[]): void
  error(message: string, ...args: unknown[]): void
}

export interface LoggerConfig {
  debug?: boolean
  info?: boolean
  warn?: boolean
  error?: boolean
}

export const RequestedClaimsPermissionSet = { READ_ONLY: 'READ_ONLY' } as const
export type RequestedClaimsPermissionSet = 'READ_ONLY'

export interface RequestedResource {
  table_name?: string
  unspecified_resource_name?: string
}

export interface RequestedClaims {
  permission_set?: RequestedClaimsPermissionSet
  resources?: RequestedResource[]
}

export interface GenerateDatabaseCredentialRequest {
  endpoint: string
  claims?: RequestedClaims[]
}

export interface DatabaseCredential {
  token: string
  expire_time: string
}

/** The official package's options, and this library's. */
export interface LakebasePoolConfig extends PoolConfig, ConnectorPart {
  workspaceClient?: WorkspaceClientLike
  claims?: RequestedClaims[]
  /** Accepted; every mode but `disable` is verified TLS here. */
  sslMode?: 'require' | 'disable' | 'prefer'
  /** Accepted and not needed: see the `otel` entry. */
  telemetry?: boolean | { traces?: boolean; metrics?: boolean }
  logger?: Logger | LoggerConfig
}

/** A `pg.Pool`, as `createLakebasePool` of `@databricks/lakebase` gives. */
export function createLakebasePool(config: Partial<LakebasePoolConfig> = {}): Pool {
  const { logger, ...rest } = config
  const pool = createPool(translated(rest))
  const log = loggerOf(logger)
  pool.connector.on('refreshFailed', ({ message }) => log.error(message))
  pool.connector.on('connectFailed', ({ code, attempts }) =>
    log.error(`no connection after ${attempts} attempts: ${code}`),
  )
  pool.connector.on('refresh', ({ generation, lifeMs }) =>
    log.debug(`credential ${generation} lives ${Math.round(lifeMs / 1000)} s`),
  )
  return pool
}

/** pg's options for one's own `new Pool(…)`. */
export function getLakebasePgConfig(config: Partial<LakebasePoolConfig> = {}): PoolConfig {
  return splitOptions<PoolConfig>(translated(config)).config
}

/** The same with the name that ORMs have for the user. */
export function getLakebaseOrmConfig(
  config: Partial<LakebasePoolConfig> = {},
): PoolConfig & { username: string | undefined } {
  const { user, ...rest } = getLakebasePgConfig(config)
  return { ...rest, username: user }
}

/** One credential from the API, uncached. */
export async function generateDatabaseCredential(
  workspaceClient: WorkspaceClientLike,
  request: GenerateDatabaseCredentialRequest,
): Promise<DatabaseCredential> {
  const source = await credentialSource(
    workspaceClient,
    { endpoint: request.endpoint, claims: claimsOf(request.claims) },
    process.env,
    systemClock,
  )
  const never = new AbortController()
  const { token, expireTime = '' } = await source.issue({
    reason: 'first',
    signal: never.signal,
    timeoutMs: 8000,
    background: false,
  })
  return { token, expire_time: expireTime }
}

/** A password function for a driver of one's own, out of the shared cache. */
export function createTokenRefreshCallback(deps: {
  userConfig: Partial<LakebasePoolConfig>
  endpoint: string
}): () => Promise<string> {
  const { config: _config, connector } = splitOptions<PoolConfig>(
    translated({ ...deps.userConfig, endpoint: deps.endpoint }),
  )
  return async () => (await connector.getCredential()).token
}

/** The role this environment logs in as. */
export async function getUsernameWithApiLookup(
  config: Partial<LakebasePoolConfig> = {},
): Promise<string | undefined> {
  const { user } = config
  const given = user ?? process.env['PGUSER'] ?? process.env['DATABRICKS_CLIENT_ID']
  if (given) return given
  const client = getWorkspaceClient(config)
  if (!('apiClient' in client)) return undefined
  const me = (await client.apiClient.request({ path: '/api/2.0/preview/scim/v2/Me', method: 'GET' })) as {
    userName?: string
  }
  return me.userName
}

/** The client that was passed, else a small one of ours with the same `apiClient.request`. */
export function getWorkspaceClient(config: Partial<LakebasePoolConfig> = {}): WorkspaceClientLike {
  if (config.workspaceClient) return config.workspaceClient
  const login = new WorkspaceLogin(() => workspaceSettings({}, process.env), process.env, systemClock)
  return {
    apiClient: {
      async request(options: object): Promise<unknown> {
        const { path, method, payload } = options as {
          path: string
          method: 'GET' | 'POST'
          payload?: object
        }
        const authorization = await login.authorization({ timeoutMs: 8000 })
        const body = payload === undefined ? {} : { body: JSON.stringify(payload) }
        const headers = { authorization, 'content-type': 'application/json' }
        const answer = await sendHttp({ method, url: login.host + path, headers, timeoutMs: 8000, ...body })
        if (answer.status >= 300) {
          throw Object.assign(new Error(`HTTP ${answer.status} from ${path}`), { statusCode: answer.status })
        }
        return JSON.parse(answer.body) as unknown
      },
    },
  }
}

function translated(config: Partial<LakebasePoolConfig>): PoolConfig & ConnectorPart {
  const {
    workspaceClient,
    claims,
    sslMode,
    telemetry: _telemetry,
    logger: _logger,
    env = process.env,
    ...rest
  } = config
  const wanted = claimsOf(claims)
  return {
    ...rest,
    env: sslMode === undefined ? env : { ...env, PGSSLMODE: sslMode },
    ...(workspaceClient ? { auth: workspaceClient } : {}),
    ...(wanted ? { credential: { ...rest.credential, claims: wanted } } : {}),
  }
}

function claimsOf(claims: readonly RequestedClaims[] | undefined) {
  return claims?.map(({ resources = [] }) => ({
    permissionSet: 'READ_ONLY' as const,
    resources: resources.flatMap(({ table_name: name }) => (name === undefined ? [] : [{ tableName: name }])),
  }))
}

/** Errors are logged unless told otherwise, as in the official package. */
function loggerOf(logger: Logger | LoggerConfig | undefined): Pick<Logger, 'debug' | 'error'> {
  if (logger && typeof logger.error === 'function') return logger
  const { debug = false, error = true } = logger ?? {}
  const write = (isOn: boolean) => (message: string) =>
    void (isOn && process.stderr.write(`[lakebase] ${message}\n`))
  return { debug: write(debug), error: write(error) }
}
