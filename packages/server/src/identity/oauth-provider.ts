// The OAuth server: oidc-provider configured as a workspace. Its clients are the public client `databricks-cli`, every service
// principal, and programs that register themselves (RFC 7591), as MCP clients do; its accounts are users, by their numeric id; its access tokens are JWTs of the workspace's own keys.
import type { EventEmitter } from 'node:events'
import {
  type AllClientMetadata,
  type ClientMetadata,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  Provider,
  type ResourceServer,
} from 'oidc-provider'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import { COOKIE_PREFIX, OAUTH_SESSION_COOKIE } from './browser-sessions.ts'
import type { Directory } from './directory.ts'
import { oauthStore } from './oauth-adapter.ts'
import { lookOf } from '@lakelet/theme/pages'
import { failedPage, page, pageHeaders } from './pages.ts'
import { ALL_APIS, API_SCOPES, apiScopesOf, OPENID_SCOPES } from './scopes.ts'
import type { ServicePrincipalSecrets } from './service-principal-secrets.ts'
import { type KeyRing, SIGNING_ALGORITHM } from './signing.ts'
import { apiAudience, subjectClaims } from './token-claims.ts'

/** The public client of the command line and of the SDKs' browser login. */
export const CLI_CLIENT_ID = 'databricks-cli'
/** Ports on which that client waits for the answer; on the loopback address others are accepted too (RFC 8252 §7.3). */
const CLI_PORTS = Array.from({ length: 21 }, (_, index) => 8020 + index)
const REFRESH_TOKEN_SECONDS = 90 * 24 * 3600
const INTERACTION_SECONDS = 600
const CODE_SECONDS = 60
/** Where the workspace's MCP server is. */
const MCP_PATH = '/mcp'

export interface OAuthOptions {
  readonly issuer: string
  readonly workspaceId: string
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly directory: Directory
  readonly secrets: ServicePrincipalSecrets
  readonly keys: KeyRing
  /** Secrets for signing the server's cookies. */
  readonly cookieKeys: readonly string[]
  readonly accessTokenTtlSeconds: number
}

/** Scopes that the secret of the running request allows; empty means all. */
type SecretScopes = WeakMap<object, readonly string[]>

/** The server for one issuer and one set of keys; made anew when either changes. */
export function createOAuthServer(options: OAuthOptions): Provider {
  const secretScopes: SecretScopes = new WeakMap()
  const provider = new Provider(options.issuer, configurationOf(options, secretScopes))
  provider.Client.prototype.compareClientSecret = async function compare(actual: string) {
    const secret = await options.secrets.verify(this.clientId, actual)
    if (secret && Provider.ctx) secretScopes.set(Provider.ctx, secret.scopes)
    return secret !== undefined
  }
  takeRegistrations(provider)
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.status !== 404 || ctx.body) return
    const { originalUrl } = ctx.req as { originalUrl?: string }
    const { entry, message } = new LakeletError('endpoint_not_found', {
      method: ctx.method,
      path: (originalUrl ?? ctx.path).split('?')[0] ?? '',
    })
    ctx.status = entry.status
    ctx.body = { error_code: entry.errorCode, message }
  })
  provider.on('grant.error', useWordsOfTheService)
  // Koa would print it; the types know only oidc-provider's own events.
  const koa: EventEmitter = provider
  koa.on('error', (error) => {
    options.log.warn({ err: error }, 'OAuth reply failed')
  })
  provider.on('server_error', (_ctx, error) => {
    options.log.error({ err: error }, 'OAuth request failed')
  })
  return provider
}

/** What oidc-provider asks of a program that registers itself; its types leave both out. */
interface ClientInternals {
  needsSecret(metadata: ClientMetadata): boolean
  readonly Schema: {
    readonly prototype: { scopes(this: { readonly scope?: string; invalidate(message: string): void }): void }
  }
}

/** Programs keep no secret unless they say that they do, and may name the scopes of our APIs, which oidc-provider takes for unknown. */
function takeRegistrations(provider: Provider): void {
  const internals = provider.Client as unknown as ClientInternals
  const needsSecret = internals.needsSecret.bind(internals)
  internals.needsSecret = (metadata) => needsSecret({ token_endpoint_auth_method: 'none', ...metadata })
  internals.Schema.prototype.scopes = function scopes() {
    const known = [...OPENID_SCOPES, ...API_SCOPES]
    const isKnown = (this.scope ?? '').split(' ').every((each) => each === '' || known.includes(each))
    if (!isKnown) this.invalidate(`scope may name ${known.join(', ')}`)
  }
}

function configurationOf(options: OAuthOptions, secretScopes: SecretScopes): Configuration {
  return {
    adapter: (model) =>
      oauthStore(model, {
        metadata: options.metadata,
        clock: options.clock,
        findClient: (clientId) => clientOf(options.directory, clientId),
      }),
    clients: [cliClient()],
    // What a program that registers itself leaves unsaid: it runs on somebody's machine, waits on a loopback port or at a scheme of its own, and
    // keeps no secret.
    clientDefaults: {
      id_token_signed_response_alg: SIGNING_ALGORITHM,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    jwks: { keys: [...options.keys.privateKeys] },
    scopes: [...OPENID_SCOPES],
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    features: features(options, secretScopes),
    formats: tokenFormats(options.directory),
    findAccount: (_ctx, id) => accountOf(options.directory, id),
    // A person is asked each time, so no earlier answer is looked up.
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
    },
    expiresWithSession: () => false,
    // The processes of one user share a token cache and refresh at the same time; a rotated token would log the slower one out.
    rotateRefreshToken: false,
    interactions: { url: (_ctx, interaction) => `/oidc/interaction/${interaction.uid}` },
    cookies: {
      keys: [...options.cookieKeys],
      names: {
        session: OAUTH_SESSION_COOKIE,
        interaction: `${COOKIE_PREFIX}oauth_interaction`,
        resume: `${COOKIE_PREFIX}oauth_resume`,
      },
    },
    routes: {
      authorization: '/v1/authorize',
      token: '/v1/token',
      jwks: '/jwks.json',
      revocation: '/v1/revoke',
      registration: '/v1/register',
    },
    discovery: { introspection_endpoint: `${options.issuer}/v1/introspect` },
    ttl: livesOf(options.accessTokenTtlSeconds),
    renderError: (ctx, out) => {
      ctx.set(pageHeaders())
      ctx.body = page(failedPage(out.error, out.error_description), lookOf(ctx.req.headers))
    },
  }
}

function tokenFormats(directory: Directory): NonNullable<Configuration['formats']> {
  return {
    customizers: {
      jwt: (_ctx, token, parts) => {
        const principal = principalOf(directory, token)
        if (!principal) throw new errors.InvalidGrant('the principal no longer exists')
        parts.payload = { ...parts.payload, ...subjectClaims(principal) }
      },
    },
  }
}

function accountOf(directory: Directory, id: string) {
  const caller = directory.callerOf(Number(id))
  if (caller?.kind !== 'user') return undefined
  return {
    accountId: id,
    claims: () => ({ sub: caller.name, email: caller.name, name: caller.displayName }),
  }
}

/** How long each thing is valid, in seconds. */
function livesOf(accessTokenTtlSeconds: number): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: accessTokenTtlSeconds,
    ClientCredentials: accessTokenTtlSeconds,
    IdToken: accessTokenTtlSeconds,
    AuthorizationCode: CODE_SECONDS,
    Grant: REFRESH_TOKEN_SECONDS,
    RefreshToken: REFRESH_TOKEN_SECONDS,
    Interaction: INTERACTION_SECONDS,
    Session: INTERACTION_SECONDS,
  }
}

function features(options: OAuthOptions, secretScopes: SecretScopes): NonNullable<Configuration['features']> {
  const workspace = apiAudience(options.workspaceId)
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: true, initialAccessToken: false, issueRegistrationAccessToken: false },
    userinfo: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => workspace,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource): ResourceServer => {
        if (resource !== workspace && !isMcpServer(resource, options.issuer)) throw new errors.InvalidTarget()
        checkScopes(ctx, secretScopes.get(ctx) ?? [])
        return {
          scope: API_SCOPES.join(' '),
          audience: workspace,
          accessTokenFormat: 'jwt',
          accessTokenTTL: options.accessTokenTtlSeconds,
          jwt: { sign: { alg: SIGNING_ALGORITHM, kid: options.keys.activeKid } },
        }
      },
    },
  }
}

/** Whether `resource` is the MCP server of this workspace, by any of its loopback names: it is a part of the API, and takes the same tokens. */
function isMcpServer(resource: string, issuer: string): boolean {
  const url = URL.parse(resource)
  const own = new URL(issuer)
  if (url?.protocol !== own.protocol || url.port !== own.port || url.search !== '') return false
  return url.pathname === MCP_PATH && [own.hostname, 'localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
}

/** Refuses scopes that do not exist or that the client's secret does not allow; asks for `all-apis` where none is named. */
function checkScopes(ctx: KoaContextWithOIDC, secretScopes: readonly string[]): void {
  const { params } = ctx.oidc
  if (!params || ctx.oidc.entities.RefreshToken || ctx.oidc.entities.AuthorizationCode) return
  const scope = typeof params['scope'] === 'string' ? params['scope'] : ''
  const asked = apiScopesOf(scope)
  const unknown = asked.find((each) => !API_SCOPES.includes(each))
  if (unknown !== undefined) throw new errors.InvalidScope('requested scope does not exist', unknown)
  const limited = secretScopes.length > 0 && !secretScopes.includes(ALL_APIS)
  if (asked.length === 0) {
    const implied = limited ? secretScopes : [ALL_APIS]
    params['scope'] = [scope, ...implied].filter((each) => each !== '').join(' ')
    return
  }
  const excess = limited ? asked.find((each) => !secretScopes.includes(each)) : undefined
  if (excess !== undefined) {
    throw new errors.InvalidScope('requested scope is not allowed for this client secret', excess)
  }
}

/** Clients look for these exact words before they ask the user to log in again. */
function useWordsOfTheService(ctx: KoaContextWithOIDC, error: errors.OIDCProviderError): void {
  const body = ctx.body as { error_description?: string } | undefined
  if (body && error.error === 'invalid_grant' && ctx.oidc.params?.['grant_type'] === 'refresh_token') {
    body.error_description = 'Refresh token is invalid'
  }
}

function cliClient(): ClientMetadata {
  return {
    client_id: CLI_CLIENT_ID,
    client_name: 'the Databricks command line',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: CLI_PORTS.flatMap((port) => [`http://localhost:${port}`, `http://127.0.0.1:${port}`]),
  }
}

/** A service principal as a client. oidc-provider wants a secret in the metadata; ours are compared elsewhere. */
function clientOf(directory: Directory, clientId: string): AllClientMetadata | undefined {
  const principal = directory.find('service_principal', clientId)
  if (!principal?.active) return undefined
  return {
    client_id: principal.name,
    client_secret: 'compared by hash',
    client_name: principal.displayName,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  }
}

function principalOf(directory: Directory, token: object) {
  const { accountId, clientId } = token as { accountId?: string; clientId?: string }
  return accountId === undefined
    ? directory.find('service_principal', clientId ?? '')
    : directory.get(Number(accountId))
}
