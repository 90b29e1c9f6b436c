// The calls to the workspace's REST API that a connector needs.
import type { Clock } from '../clock.ts'
import { LakebaseError } from '../errors.ts'
import type { Environment } from './databrickscfg.ts'
import { dateOf, jsonObject, retryAfterMs, sendHttp } from './http.ts'
import type { HttpAnswer, HttpRequest } from './http.ts'
import { WorkspaceLogin } from './workspace-login.ts'
import type { WorkspaceSettings } from './workspace-settings.ts'

/** Restricts a credential to reading tables of Unity Catalog. */
export interface CredentialClaim {
  permissionSet: 'READ_ONLY'
  resources: { tableName: string }[]
}

export interface CredentialRequest {
  /** `projects/…/branches/…/endpoints/…`. */
  endpoint: string
  ttlSeconds?: number | undefined
  claims?: readonly CredentialClaim[] | undefined
  /** Log in as this group's role, as one of its members. */
  group?: string | undefined
}

/** A database credential as the API issued it. */
export interface IssuedCredential {
  readonly token: string
  /** `expire_time` as it came, possibly absurd: `credentialLifeMs` judges it. */
  readonly expireTime: string | undefined
  /** The server's clock when it answered, in ms since 1970. */
  readonly serverTimeMs: number | undefined
}

export type CallLimits = Pick<HttpRequest, 'timeoutMs' | 'signal' | 'background'>

export class Workspace {
  readonly #login: WorkspaceLogin

  constructor(read: () => WorkspaceSettings, env: Environment, clock: Clock) {
    this.#login = new WorkspaceLogin(read, env, clock)
  }

  get host(): string {
    return this.#login.host
  }

  /** `POST /api/2.0/postgres/credentials`. */
  async issueCredential(request: CredentialRequest, limits: CallLimits): Promise<IssuedCredential> {
    const body = {
      endpoint: request.endpoint,
      ...(request.ttlSeconds === undefined ? {} : { ttl: `${request.ttlSeconds}s` }),
      ...(request.claims === undefined ? {} : { claims: request.claims.map(wireClaim) }),
      ...(request.group === undefined ? {} : { group_name: request.group }),
    }
    const answer = await this.call('POST', '/api/2.0/postgres/credentials', limits, JSON.stringify(body))
    if (answer.status !== 200) throw this.#refused(answer, request.endpoint)
    const reply = jsonObject(answer)
    if (typeof reply?.['token'] !== 'string' || reply['token'] === '') {
      throw new LakebaseError(
        'CREDENTIAL_MALFORMED',
        `${this.host} answered the request for a credential with something else (${answer.body.length} bytes of ${contentType(answer)})`,
        { isRetryable: true },
      )
    }
    const expireTime = reply['expire_time']
    return {
      token: reply['token'],
      expireTime: typeof expireTime === 'string' ? expireTime : undefined,
      serverTimeMs: dateOf(answer),
    }
  }

  /** The JSON object at a path of the API; undefined when it is not there or not for the caller. */
  async read(path: string, limits: CallLimits): Promise<Record<string, unknown> | undefined> {
    const answer = await this.call('GET', path, limits)
    if (answer.status === 403 || answer.status === 404) return undefined
    if (answer.status !== 200) throw this.#refused(answer, 'an endpoint that is looked up by PGHOST')
    return jsonObject(answer)
  }

  /** Every host name under which the endpoint is reached, the main one first. */
  async endpointHosts(endpoint: string, limits: CallLimits): Promise<string[]> {
    const answer = await this.call('GET', `/api/2.0/postgres/${endpoint}`, limits)
    if (answer.status !== 200) throw this.#refused(answer, endpoint)
    const status = jsonObject(answer)?.['status']
    const hosts =
      typeof status === 'object' && status !== null && 'hosts' in status ? status.hosts : undefined
    const names = typeof hosts === 'object' && hosts !== null ? Object.entries(hosts) : []
    names.sort(([left], [right]) => Number(right === 'host') - Number(left === 'host'))
    return names.map(([, name]) => String(name)).filter(Boolean)
  }

  /** The caller's own user name: the e-mail of a person, the client id of a service principal. */
  async currentUser(limits: CallLimits): Promise<string> {
    const answer = await this.call('GET', '/api/2.0/preview/scim/v2/Me', limits)
    const name = jsonObject(answer)?.['userName']
    if (answer.status !== 200 || typeof name !== 'string') {
      throw new LakebaseError(
        answer.status === 401 ? 'WORKSPACE_LOGIN_FAILED' : 'CREDENTIAL_UNAVAILABLE',
        `could not ask ${this.host} who the current user is (HTTP ${answer.status}); set PGUSER to the role to log in as`,
        { isRetryable: answer.status >= 500 || answer.status === 429, retryAfterMs: retryAfterMs(answer) },
      )
    }
    return name
  }

  #refused(answer: HttpAnswer, endpoint: string): LakebaseError {
    return credentialRefused(answer, endpoint, this.host, this.#login.identity)
  }

  /** One call, and once more with a new login when the first is answered 401: the token or secret may have rotated. */
  async call(
    method: HttpRequest['method'],
    path: string,
    limits: CallLimits,
    body?: string,
  ): Promise<HttpAnswer> {
    const send = async (isRejected: boolean) => {
      const authorization = await this.#login.authorization(limits, isRejected)
      const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
      return sendHttp({
        ...limits,
        method,
        url: this.host + path,
        headers,
        ...(body === undefined ? {} : { body }),
      })
    }
    const answer = await send(false)
    return answer.status === 401 && this.#login.renew() ? send(true) : answer
  }
}

function wireClaim(claim: CredentialClaim) {
  return {
    permission_set: claim.permissionSet,
    resources: claim.resources.map(({ tableName }) => ({ table_name: tableName })),
  }
}

function contentType(answer: HttpAnswer): string {
  const type = answer.headers['content-type']
  return typeof type === 'string' ? type : 'unknown type'
}

function credentialRefused(
  answer: HttpAnswer,
  endpoint: string,
  host: string,
  identity: string,
): LakebaseError {
  const reply = jsonObject(answer)
  const code = reply?.['error_code']
  const message = reply?.['message']
  const said = [code, message]
    .filter((part) => typeof part === 'string')
    .join(': ')
    .slice(0, 300)
  const reason = said ? `HTTP ${answer.status} ${said}` : `HTTP ${answer.status}`
  const details = { httpStatus: answer.status, retryAfterMs: retryAfterMs(answer) }
  switch (answer.status) {
    case 401:
      return new LakebaseError(
        'WORKSPACE_LOGIN_FAILED',
        `${host} did not accept ${identity} (${reason}), asked for a credential for ${endpoint}: the token or secret is wrong, expired or revoked`,
        details,
      )
    case 403:
      return new LakebaseError(
        'CREDENTIAL_DENIED',
        `${host} gives ${identity} no credential for ${endpoint} (${reason}): it needs CAN USE on the project`,
        details,
      )
    case 404:
      return new LakebaseError(
        'ENDPOINT_NOT_FOUND',
        `${host} has no endpoint ${endpoint}, or ${identity} may not see it (${reason})`,
        details,
      )
    default: {
      const isRetryable =
        answer.status === 408 || answer.status === 429 || answer.status >= 500 || answer.status < 400
      return new LakebaseError(
        isRetryable ? 'CREDENTIAL_UNAVAILABLE' : 'CREDENTIAL_DENIED',
        `${host} gave no credential for ${endpoint}: ${reason}`,
        { ...details, isRetryable },
      )
    }
  }
}
