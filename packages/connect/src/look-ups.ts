// Who to log in as and where to, as far as the app has not said: asked of the workspace, once.
import type { CredentialSource } from './credentials/credential-source.ts'
import { LakebaseError } from './errors.ts'
import type { ConnectorSettings } from './settings.ts'

const TIMEOUT_MS = 8000

export class LookUps {
  readonly #settings: ConnectorSettings
  readonly #source: () => Promise<CredentialSource>
  readonly #closing: AbortSignal
  #host: Promise<string> | undefined
  #user: Promise<string> | undefined

  constructor(settings: ConnectorSettings, source: () => Promise<CredentialSource>, closing: AbortSignal) {
    this.#settings = settings
    this.#source = source
    this.#closing = closing
  }

  /** The role to log in as: given, the service principal's client id, or who the workspace says we are. */
  user(): Promise<string> {
    this.#user ??= this.#lookUpUser().catch((error: unknown) => {
      this.#user = undefined
      throw error
    })
    return this.#user
  }

  host(): Promise<string> {
    this.#host ??= this.#lookUpHost().catch((error: unknown) => {
      this.#host = undefined
      throw error
    })
    return this.#host
  }

  /** A host that belongs to another endpoint would wake and ask the wrong database. Unreadable endpoints are not judged. */
  async checkHost(signal: AbortSignal): Promise<void> {
    const { host, tls, endpoint } = this.#settings
    const workspace = endpoint ? (await this.#source()).workspace : undefined
    if (!host || !endpoint || !workspace) return
    let hosts: string[]
    try {
      hosts = await workspace.endpointHosts(endpoint, { timeoutMs: TIMEOUT_MS, signal })
    } catch (error) {
      if (error instanceof LakebaseError && error.code === 'ENDPOINT_NOT_FOUND') throw error
      return
    }
    const named = tls.serverName ?? host
    if (hosts.length === 0 || hosts.includes(named)) return
    throw new LakebaseError(
      'HOST_MISMATCH',
      `PGHOST ${named} is not a host of ${endpoint}; its hosts are ${hosts.join(', ')}`,
    )
  }

  async #lookUpUser(): Promise<string> {
    const { user, env, auth, credential } = this.#settings
    if (user) return user
    if (credential.group) return credential.group
    const clientId =
      (typeof auth === 'object' && 'clientId' in auth && auth.clientId) || env['DATABRICKS_CLIENT_ID']
    if (clientId && !this.#hasToken()) return clientId
    const { workspace } = await this.#source()
    if (!workspace) {
      throw new LakebaseError(
        'CONFIGURATION',
        'no user: set PGUSER or pass user (with a provider or SDK client it is not looked up)',
      )
    }
    return workspace.currentUser({ timeoutMs: TIMEOUT_MS, signal: this.#closing })
  }

  /** A PAT beats client id and secret in the login order, so the identity is the PAT's. */
  #hasToken(): boolean {
    const { auth, env } = this.#settings
    return Boolean((typeof auth === 'object' && 'token' in auth && auth.token) || env['DATABRICKS_TOKEN'])
  }

  async #lookUpHost(): Promise<string> {
    const { host, endpoint } = this.#settings
    if (host) return host
    const { workspace } = await this.#source()
    if (!workspace || !endpoint) {
      throw new LakebaseError(
        'CONFIGURATION',
        'no host: set PGHOST or pass host (with a provider or SDK client it is not looked up)',
      )
    }
    const hosts = await workspace.endpointHosts(endpoint, { timeoutMs: TIMEOUT_MS, signal: this.#closing })
    if (!hosts[0])
      throw new LakebaseError('ENDPOINT_NOT_FOUND', `${endpoint} has no host name yet`, { isRetryable: true })
    return hosts[0]
  }
}
