// Where database credentials come from, behind one function: the REST API with our own login, a Databricks SDK client
// the app already has, or a function of the app.
import type { Clock } from '../clock.ts'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'
import type { Environment } from '../workspace/databrickscfg.ts'
import type { ReadObject } from '../workspace/endpoint-search.ts'
import { Workspace } from '../workspace/workspace.ts'
import type { CredentialClaim, IssuedCredential } from '../workspace/workspace.ts'
import { workspaceSettings } from '../workspace/workspace-settings.ts'
import type { WorkspaceAuth } from '../workspace/workspace-settings.ts'

/** The app's own way to a credential. It must give up when `signal` is aborted. */
export type CredentialProvider = (request: {
  endpoint: string
  signal: AbortSignal
  reason: CredentialReason
}) => Promise<{ token: string; expiresAt?: Date | string; ttlMs?: number }>

/** Why a credential is asked for: none yet, getting old, or the server refused the one in use. */
export type CredentialReason = 'first' | 'refresh' | 'rejected'

/** The client of `@databricks/sdk-experimental` or `@databricks/sdk-postgres`, known by its shape only. */
export type WorkspaceClientLike =
  | { apiClient: { request(options: object): Promise<unknown> } }
  | { generateDatabaseCredential(request: object): Promise<object> }

export type ConnectorAuth = WorkspaceAuth | WorkspaceClientLike | CredentialProvider

export interface CredentialOptions {
  /** When it is not named it is looked up: the one that `host` belongs to. */
  endpoint: string | undefined
  host?: string | undefined
  ttlSeconds?: number | undefined
  claims?: readonly CredentialClaim[] | undefined
  group?: string | undefined
}

export interface SourceCall {
  readonly reason: CredentialReason
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly background: boolean
}

export interface CredentialSource {
  /** Equal for sources that give interchangeable credentials: what may share one cache. Holds no secret. */
  readonly key: string
  /** The REST API itself, when the credentials come from there through our own login. */
  readonly workspace: Workspace | undefined
  issue(call: SourceCall): Promise<IssuedCredential>
}

/** Picks the source that `auth` describes. Throws CONFIGURATION when nothing says which workspace. */
export async function credentialSource(
  auth: ConnectorAuth | undefined,
  options: CredentialOptions,
  env: Environment,
  clock: Clock,
): Promise<CredentialSource> {
  const request = [
    options.endpoint ?? `host ${options.host}`,
    options.ttlSeconds ?? '',
    JSON.stringify(options.claims ?? []),
    options.group ?? '',
  ]
  if (typeof auth === 'function') return providerSource(auth, options, request, clock)
  if (auth && ('apiClient' in auth || 'generateDatabaseCredential' in auth))
    return clientSource(auth, options, request, env)
  const read = () => workspaceSettings(auth ?? {}, env)
  const settings = read()
  const workspace = new Workspace(read, env, clock)
  const endpointOf = endpointLookUp(options, env)
  return {
    key: await keyOf('workspace', ...Object.values(settings).map(String), ...request),
    workspace,
    async issue(call) {
      const endpoint = await endpointOf((path) => workspace.read(path, call))
      return workspace.issueCredential({ ...options, endpoint }, call)
    },
  }
}

/** The endpoint as it is named, or as it was found once. */
function endpointLookUp(
  { endpoint, host = '' }: CredentialOptions,
  env: Environment,
): (read: ReadObject) => Promise<string> {
  let known = endpoint
  return async (read) => {
    if (known === undefined) {
      const { endpointOfHost } = await import('../workspace/endpoint-search.ts')
      known = await endpointOfHost(host, env['DATABRICKS_APP_NAME'], read)
    }
    return known
  }
}

async function providerSource(
  provider: CredentialProvider,
  options: CredentialOptions,
  request: readonly unknown[],
  clock: Clock,
): Promise<CredentialSource> {
  return {
    key: await keyOf('provider', identityOf(provider), ...request),
    workspace: undefined,
    async issue({ signal, reason }) {
      const { token, expiresAt, ttlMs } = await provider({ endpoint: options.endpoint ?? '', signal, reason })
      const now = clock.now()
      const expireTime = ttlMs === undefined ? expiresAt : new Date(now + ttlMs)
      const text =
        expireTime instanceof Date && !Number.isNaN(expireTime.getTime())
          ? expireTime.toISOString()
          : undefined
      return { token, expireTime: typeof expireTime === 'string' ? expireTime : text, serverTimeMs: now }
    },
  }
}

async function clientSource(
  client: WorkspaceClientLike,
  options: CredentialOptions,
  request: readonly unknown[],
  env: Environment,
): Promise<CredentialSource> {
  const endpointOf = endpointLookUp(options, env)
  return {
    key: await keyOf('client', identityOf(client), ...request),
    workspace: undefined,
    async issue() {
      const endpoint = await endpointOf((path) => readWithClient(client, path))
      const reply = await askClient(client, { ...options, endpoint })
      const { token, expire_time: snake, expireTime: camel } = (reply ?? {}) as Record<string, unknown>
      if (typeof token !== 'string') {
        throw new LakebaseError('CREDENTIAL_MALFORMED', 'the workspace client answered without a token', {
          isRetryable: true,
        })
      }
      const expireTime = snake ?? camel
      return {
        token,
        expireTime: typeof expireTime === 'string' ? expireTime : undefined,
        serverTimeMs: undefined,
      }
    },
  }
}

async function readWithClient(
  client: WorkspaceClientLike,
  path: string,
): Promise<Record<string, unknown> | undefined> {
  if (!('apiClient' in client)) return undefined
  try {
    const headers = new Headers({ Accept: 'application/json' })
    const answer = await client.apiClient.request({ path, method: 'GET', headers, raw: false })
    return answer as Record<string, unknown>
  } catch (error) {
    const failure = clientFailure(error)
    if (failure.httpStatus === 403 || failure.httpStatus === 404) return undefined
    throw failure
  }
}

async function askClient(client: WorkspaceClientLike, options: CredentialOptions): Promise<unknown> {
  const ttl = options.ttlSeconds === undefined ? {} : { ttl: `${options.ttlSeconds}s` }
  const group = options.group === undefined ? {} : { group_name: options.group }
  const claims = options.claims?.map((claim) => ({
    permission_set: claim.permissionSet,
    resources: claim.resources.map(({ tableName }) => ({ table_name: tableName })),
  }))
  const payload = { endpoint: options.endpoint, ...ttl, ...group, ...(claims ? { claims } : {}) }
  try {
    if ('generateDatabaseCredential' in client) return await client.generateDatabaseCredential(payload)
    return await client.apiClient.request({
      path: '/api/2.0/postgres/credentials',
      method: 'POST',
      headers: new Headers({ Accept: 'application/json', 'Content-Type': 'application/json' }),
      raw: false,
      payload,
    })
  } catch (error) {
    throw clientFailure(error)
  }
}

/** An SDK's error in our terms; its HTTP status is where every SDK has it. */
function clientFailure(error: unknown): LakebaseError {
  const status = (['statusCode', 'status', 'httpStatusCode'] as const)
    .map((name) =>
      typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined,
    )
    .find((value) => typeof value === 'number')
  const isFinal = status !== undefined && [400, 401, 403, 404].includes(status)
  return new LakebaseError(
    isFinal ? 'CREDENTIAL_DENIED' : 'CREDENTIAL_UNAVAILABLE',
    `the workspace client gave no credential: ${messageOf(error) || codeOf(error)}`,
    { cause: error, isRetryable: !isFinal, httpStatus: status },
  )
}

/** A digest: keys may appear in diagnostics, and some parts are secrets. */
async function keyOf(...parts: readonly unknown[]): Promise<string> {
  const { createHash } = await import('node:crypto')
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}

const identities = new WeakMap<object, number>()
let lastIdentity = 0

function identityOf(object: object): number {
  const known = identities.get(object)
  if (known !== undefined) return known
  identities.set(object, ++lastIdentity)
  return lastIdentity
}
