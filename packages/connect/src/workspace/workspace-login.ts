// Signing in to the workspace: PAT, basic, machine-to-machine OAuth, metadata service, the databricks CLI's login.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../clock.ts'
import { LakebaseError, codeOf } from '../errors.ts'
import type { Environment } from './databrickscfg.ts'
import { jsonObject, retryAfterMs, sendHttp } from './http.ts'
import type { HttpAnswer, HttpRequest } from './http.ts'
import type { WorkspaceSettings } from './workspace-settings.ts'

export type AuthType = 'pat' | 'basic' | 'oauth-m2m' | 'metadata-service' | 'databricks-cli'

/** Which way applies: the pinned one, or the first that is configured, in the SDKs' order. */
export function authTypeOf(settings: WorkspaceSettings): AuthType {
  const configured: Readonly<Record<AuthType, boolean>> = {
    pat: Boolean(settings.token),
    basic: Boolean(settings.username && settings.password),
    'oauth-m2m': Boolean(settings.clientId && settings.clientSecret),
    'metadata-service': Boolean(settings.metadataServiceUrl),
    'databricks-cli': true,
  }
  const types = Object.keys(configured) as AuthType[]
  if (!settings.authType) return types.find((type) => configured[type]) ?? 'databricks-cli'
  const pinned = types.find((type) => type === settings.authType)
  if (pinned && configured[pinned]) return pinned
  throw new LakebaseError(
    'CONFIGURATION',
    pinned
      ? `auth type '${settings.authType}' is asked for, but what it needs is not set`
      : `auth type '${settings.authType}' is not supported here; use one of ${types.join(', ')}, or pass a credential provider`,
  )
}

type Limits = Pick<HttpRequest, 'timeoutMs' | 'signal' | 'background'>

interface AccessToken {
  readonly token: string
  /** On the monotonic clock; a token is used until a little before. */
  readonly usableUntilMs: number
}

/** A signed-in workspace: makes the Authorization header and keeps OAuth tokens while they live. */
export class WorkspaceLogin {
  readonly #read: () => WorkspaceSettings
  #settings: WorkspaceSettings
  readonly #env: Environment
  readonly #clock: Clock
  #kept: AccessToken | undefined

  /** `read` is called again after a refusal: a secret in the environment or the profile may have been replaced. */
  constructor(read: () => WorkspaceSettings, env: Environment, clock: Clock) {
    this.#read = read
    this.#settings = read()
    this.#env = env
    this.#clock = clock
  }

  get host(): string {
    return this.#settings.host
  }

  /** Who signs in, for messages: never a secret. */
  get identity(): string {
    const { clientId, username, profile } = this.#settings
    const type = authTypeOf(this.#settings)
    if (type === 'oauth-m2m') return `service principal ${clientId}`
    if (type === 'basic') return `user ${username}`
    const from = profile ? `profile ${profile}` : type === 'pat' ? 'DATABRICKS_TOKEN' : type
    return `the identity of ${from}`
  }

  /** Whether asking again can give another answer: a PAT or password stays what it is unless the profile changed. */
  renew(): boolean {
    const before = JSON.stringify(this.#settings)
    this.#settings = this.#read()
    return !['pat', 'basic'].includes(authTypeOf(this.#settings)) || JSON.stringify(this.#settings) !== before
  }

  /** The value of the Authorization header. `isRejected`: the last one was answered with 401, so get a new one. */
  async authorization(limits: Limits, isRejected = false): Promise<string> {
    if (isRejected) this.#kept = undefined
    if (!this.#kept) this.#settings = this.#read()
    const settings = this.#settings
    const type = authTypeOf(settings)
    if (type === 'pat') return `Bearer ${settings.token}`
    if (type === 'basic') return basic(settings.username ?? '', settings.password ?? '')
    if (!this.#kept || this.#clock.monotonicMs() >= this.#kept.usableUntilMs) {
      this.#kept = await this.#newToken(type, limits, isRejected)
    }
    return `Bearer ${this.#kept.token}`
  }

  async #newToken(
    type: 'oauth-m2m' | 'metadata-service' | 'databricks-cli',
    limits: Limits,
    isRejected: boolean,
  ) {
    if (type === 'oauth-m2m') return this.#clientCredentials(limits)
    if (type === 'metadata-service') return this.#fromMetadataService(limits)
    return this.#fromCli(limits, isRejected)
  }

  async #clientCredentials(limits: Limits): Promise<AccessToken> {
    const { host, clientId = '', clientSecret = '', scopes = 'all-apis' } = this.#settings
    const discovery = await sendHttp({
      ...limits,
      method: 'GET',
      url: `${host}/oidc/.well-known/oauth-authorization-server`,
    })
    const endpoint = jsonObject(discovery)?.['token_endpoint']
    if (discovery.status !== 200 || typeof endpoint !== 'string') {
      throw refused(discovery, `${host} does not describe its OAuth server`)
    }
    const answer = await sendHttp({
      ...limits,
      method: 'POST',
      url: endpoint,
      headers: {
        authorization: basic(clientId, clientSecret),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: scopes }).toString(),
    })
    return this.#accessToken(answer, `sign in to ${host} as service principal ${clientId}`)
  }

  async #fromMetadataService(limits: Limits): Promise<AccessToken> {
    const { host, metadataServiceUrl = '' } = this.#settings
    const headers = { 'x-databricks-metadata-version': '1', 'x-databricks-host': host }
    const answer = await sendHttp({ ...limits, method: 'GET', url: metadataServiceUrl, headers })
    return this.#accessToken(answer, `get a token for ${host} from the metadata service`)
  }

  #accessToken(answer: HttpAnswer, action: string): AccessToken {
    const reply = jsonObject(answer)
    const token = reply?.['access_token']
    if (answer.status !== 200 || typeof token !== 'string' || token === '')
      throw refused(answer, `could not ${action}`)
    const seconds =
      reply?.['expires_in'] === undefined
        ? secondsUntil(reply?.['expires_on'], this.#clock)
        : Number(reply['expires_in'])
    return this.#keep(token, seconds)
  }

  #keep(token: string, seconds: number): AccessToken {
    // The last tenth, at most 40 s as in the SDKs, is not used; an unreadable life means "this once".
    const lifeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
    return { token, usableUntilMs: this.#clock.monotonicMs() + lifeMs - Math.min(40_000, lifeMs / 10) }
  }

  /** The token the CLI keeps in its cache file while that is good; else whatever `databricks auth token` prints. */
  async #fromCli(limits: Limits, isRejected: boolean): Promise<AccessToken> {
    const kept = isRejected ? undefined : cachedCliToken(this.#settings, this.#env, this.#clock.now())
    const { token, expiry } = kept ?? (await runCli(this.#settings, this.#env, limits))
    return this.#keep(token, (Date.parse(expiry) - this.#clock.now()) / 1000)
  }
}

function secondsUntil(value: unknown, clock: Clock): number {
  const at =
    typeof value === 'string' && Number.isNaN(Number(value)) ? Date.parse(value) / 1000 : Number(value)
  return at - clock.now() / 1000
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function refused(answer: HttpAnswer, what: string): LakebaseError {
  const reply = jsonObject(answer)
  const reason = [reply?.['error'], reply?.['error_description'], reply?.['message']].filter(
    (part) => typeof part === 'string',
  )
  const isRetryable = answer.status === 429 || answer.status >= 500
  return new LakebaseError(
    isRetryable ? 'CREDENTIAL_UNAVAILABLE' : 'WORKSPACE_LOGIN_FAILED',
    `${what}: HTTP ${answer.status}${reason.length > 0 ? ` ${reason.join(': ').slice(0, 300)}` : ''}`,
    { isRetryable, retryAfterMs: retryAfterMs(answer), httpStatus: answer.status },
  )
}

interface CliToken {
  readonly token: string
  readonly expiry: string
}

function cachedCliToken(settings: WorkspaceSettings, env: Environment, nowMs: number): CliToken | undefined {
  const file = path.join(env['HOME'] || homedir(), '.databricks', 'token-cache.json')
  let tokens: unknown
  try {
    tokens = (JSON.parse(readFileSync(file, 'utf8')) as { tokens?: unknown }).tokens
  } catch {
    return undefined
  }
  if (typeof tokens !== 'object' || tokens === null) return undefined
  const entries = tokens as Record<string, { access_token?: unknown; expiry?: unknown } | undefined>
  const entry = (settings.profile ? entries[settings.profile] : undefined) ?? entries[settings.host]
  const { access_token: token, expiry } = entry ?? {}
  if (typeof token !== 'string' || typeof expiry !== 'string') return undefined
  return Date.parse(expiry) - nowMs > 40_000 ? { token, expiry } : undefined
}

async function runCli(settings: WorkspaceSettings, env: Environment, limits: Limits): Promise<CliToken> {
  const { execFile } = await import('node:child_process')
  const target = settings.profile ? ['--profile', settings.profile] : ['--host', settings.host]
  const binary = settings.cliPath || 'databricks'
  return new Promise((resolve, reject) => {
    const options = {
      timeout: limits.timeoutMs,
      env: env as NodeJS.ProcessEnv,
      ...(limits.signal ? { signal: limits.signal } : {}),
    }
    execFile(binary, ['auth', 'token', ...target], options, (error, stdout, stderr) => {
      const token = error ? undefined : readCliToken(stdout)
      if (token) resolve(token)
      else reject(cliFailure(binary, settings, error, stderr))
    })
  })
}

function readCliToken(stdout: string): CliToken | undefined {
  try {
    const { access_token: token, expiry } = JSON.parse(stdout) as { access_token?: unknown; expiry?: unknown }
    return typeof token === 'string' && token
      ? { token, expiry: typeof expiry === 'string' ? expiry : '' }
      : undefined
  } catch {
    return undefined
  }
}

function cliFailure(
  binary: string,
  settings: WorkspaceSettings,
  error: Error | null,
  stderr: string,
): LakebaseError {
  if (error && codeOf(error) === 'ENOENT') {
    return new LakebaseError(
      'WORKSPACE_LOGIN_FAILED',
      `no way to sign in to ${settings.host}: looked for DATABRICKS_TOKEN, DATABRICKS_USERNAME and DATABRICKS_PASSWORD, DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, DATABRICKS_METADATA_SERVICE_URL, the CLI's token cache, and a '${binary}' program on the PATH. Set one of them, or pass auth.`,
    )
  }
  return new LakebaseError(
    'WORKSPACE_LOGIN_FAILED',
    `'${binary} auth token' gave no token for ${settings.host}: ${stderr.trim().slice(0, 300) || 'no output'}. Run 'databricks auth login --host ${settings.host}'.`,
  )
}
