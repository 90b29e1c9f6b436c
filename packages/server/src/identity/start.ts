// Who is who in the workspace: principals, the OAuth server, tokens, database credentials, permissions and browser sessions.
// It knows nothing of projects, apps or files beyond what its ObjectPort tells it.
import type { FastifyInstance } from 'fastify'
import type { Provider } from 'oidc-provider'
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import { deleteEndedArtifacts } from '../metadata/oauth.ts'
import { deleteEndedSessions } from '../metadata/sessions.ts'
import { findSetting, settingOrCreate } from '../metadata/settings.ts'
import { deleteEndedTokens } from '../metadata/tokens.ts'
import { Authenticator } from './authenticate.ts'
import { BrowserSessions } from './browser-sessions.ts'
import { type CredentialLimits, DatabaseCredentials } from './database-credentials.ts'
import { ADMINS_GROUP, type Directory, openDirectory, type Principal } from './directory.ts'
import { mountOAuth } from './oauth-http.ts'
import { openPermissions, type Permissions } from './permissions.ts'
import type { ObjectPort } from './ports.ts'
import { openPersonalTokens, type PersonalTokens } from './personal-tokens.ts'
import { type RequestCallers, requestCallers } from './request-caller.ts'
import { openSealer, type Sealer } from './sealer.ts'
import { SecretScopes } from './secret-scopes.ts'
import { ServicePrincipalSecrets } from './service-principal-secrets.ts'
import { mountSignIn } from './sign-in-http.ts'
import { type KeyRing, openKeyRing } from './signing.ts'
import { VisitorTokens } from './visitor-tokens.ts'

const ACCESS_TOKEN_SECONDS = 3600
const HOUSEKEEPING_MS = 3600_000

export interface IdentityOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  /** Digits. */
  readonly workspaceId: string
  /** Scheme, host and port of the workspace; asked when needed, since the port may be known only after listening. */
  readonly baseUrl: () => string
  /** How the command line is called where this runs; `lakelet` where absent. */
  readonly command?: string
  readonly credentials: CredentialLimits
  /** File of the key that stored secrets are sealed with; made when it is missing. */
  readonly sealingKeyFile: string
  readonly objects: ObjectPort
  /** Whether a URL belongs to one of the workspace's apps: sign-in may lead back there. */
  readonly isAppUrl?: (url: URL) => boolean
  /** Life of OAuth access tokens; one hour where absent. */
  readonly accessTokenTtlSeconds?: number
}

export interface Identity extends AsyncDisposable {
  readonly workspaceId: string
  readonly directory: Directory
  readonly tokens: PersonalTokens
  readonly secrets: ServicePrincipalSecrets
  readonly secretScopes: SecretScopes
  readonly sealer: Sealer
  readonly credentials: DatabaseCredentials
  readonly visitorTokens: VisitorTokens
  readonly permissions: Permissions
  readonly sessions: BrowserSessions
  readonly authenticator: Authenticator
  readonly keys: KeyRing
  readonly baseUrl: () => string
  /** The workspace's owner, an admin; made the first time, found again later whatever is passed then. */
  ensureOwner(owner: { readonly email: string; readonly displayName: string }): Promise<Principal>
  /** The owner's token for the configuration file: `current` while it works, else a new one. */
  ensureOwnerToken(current?: string): Promise<string>
  /** A link that signs the owner's browser in, once. */
  createSignInLink(baseUrl: string, next?: string): Promise<string>
  /** What the HTTP server asks about callers. */
  readonly callers: RequestCallers
  /** Who a browser is signed in as. */
  sessionOf(cookieHeader: string | undefined): Promise<Caller | undefined>
  /** Adds `/oidc/…` and the sign-in pages. */
  mount(http: FastifyInstance): Promise<void>
}

/** Opens what is stored, makes what every workspace has, and keeps house until disposed. */
export async function startIdentity(options: IdentityOptions): Promise<Identity> {
  const { metadata } = options
  const parts = await openParts(options)
  const { directory, tokens, sessions, keys, authenticator, permissions, credentials, secrets } = parts
  const formSecret = await settingOrCreate(metadata.db, 'form_secret', () => randomHex(32))
  const server = oauthServerKeeper({ options, directory, secrets, keys, formSecret })
  const stop = new AbortController()
  const housekeeping = keepHouse(options, keys, tokens, stop.signal)
  const owner = () => ownerOf(metadata, directory)
  return {
    ...parts,
    workspaceId: options.workspaceId,
    baseUrl: options.baseUrl,
    ensureOwner: (wanted) => ensureOwner(metadata, directory, wanted),
    ensureOwnerToken: async (current) => tokens.ensureForConfigFile(await owner(), current),
    createSignInLink: async (baseUrl, next) => sessions.createSignInLink((await owner()).id, baseUrl, next),
    callers: requestCallers({ authenticator, sessions, permissions }),
    sessionOf: (cookieHeader) => sessions.callerOf(cookieHeader),
    mount: async (http) => {
      const { workspaceId, baseUrl, command = 'lakelet' } = options
      const oauth = { server, sessions, authenticator, credentials, secrets, workspaceId, formSecret }
      await mountOAuth(http, oauth)
      const isAppUrl = options.isAppUrl ?? (() => false)
      await mountSignIn(http, { sessions, baseUrl, isAppUrl, command })
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await housekeeping
    },
  }
}

/** Opens what is stored, in the order in which one needs the other. */
async function openParts(options: IdentityOptions) {
  const { metadata, clock, workspaceId } = options
  const directory = await openDirectory({ metadata, clock })
  const keys = await openKeyRing({ metadata, clock })
  const tokens = await openPersonalTokens({ metadata, clock, directory })
  const permissions = await openPermissions({ metadata, directory, objects: options.objects })
  const sealer = await openSealer(options.sealingKeyFile)
  const limits = options.credentials
  const issuer = () => issuerOf(options)
  return {
    directory,
    keys,
    tokens,
    permissions,
    sealer,
    secrets: new ServicePrincipalSecrets(metadata, clock, directory),
    secretScopes: new SecretScopes(metadata, clock, directory, sealer),
    sessions: new BrowserSessions(metadata, clock, directory, workspaceId),
    authenticator: new Authenticator({ workspaceId, clock, directory, tokens, keys }),
    visitorTokens: new VisitorTokens({
      workspaceId,
      issuer,
      clock,
      keys,
      ttlSeconds: options.accessTokenTtlSeconds ?? ACCESS_TOKEN_SECONDS,
    }),
    credentials: new DatabaseCredentials({ workspaceId, issuer, clock, directory, keys, limits }),
  }
}

function issuerOf({ baseUrl }: IdentityOptions): string {
  return `${baseUrl()}/oidc`
}

async function ownerOf(metadata: Metadata, directory: Directory): Promise<Principal> {
  const id = await findSetting(metadata.db, 'owner_id')
  const principal = id === undefined ? undefined : directory.get(Number(id))
  if (!principal) throw new Error('the workspace has no owner yet')
  return principal
}

async function ensureOwner(
  metadata: Metadata,
  directory: Directory,
  wanted: { readonly email: string; readonly displayName: string },
): Promise<Principal> {
  const id = await findSetting(metadata.db, 'owner_id')
  const known = id === undefined ? undefined : directory.get(Number(id))
  if (known) return known
  const admins = directory.find('group', ADMINS_GROUP)
  const made =
    directory.find('user', wanted.email) ??
    (await directory.create('user', wanted.email, {
      displayName: wanted.displayName,
      groups: admins ? [admins] : [],
    }))
  // One that was known before it became the owner, from metadata that was made again.
  if (admins) await directory.update(made, {}, { groups: { add: [admins.id], remove: [] } })
  await settingOrCreate(metadata.db, 'owner_id', () => String(made.id))
  return made
}

/**
 * Gives the OAuth server of the moment: made anew when the address becomes known or the keys rotate. Its library is loaded when it is
 * first asked for: it is larger than all else that a start needs.
 */
function oauthServerKeeper(parts: {
  readonly options: IdentityOptions
  readonly directory: Directory
  readonly secrets: ServicePrincipalSecrets
  readonly keys: KeyRing
  readonly formSecret: string
}): () => Promise<Provider> {
  const { options, directory, secrets, keys } = parts
  let made: { readonly issuer: string; readonly kid: string; readonly server: Provider } | undefined
  return async () => {
    const { createOAuthServer } = await import('./oauth-provider.ts')
    const issuer = issuerOf(options)
    const kid = keys.activeKid
    if (made?.issuer === issuer && made.kid === kid) return made.server
    const server = createOAuthServer({
      issuer,
      workspaceId: options.workspaceId,
      metadata: options.metadata,
      clock: options.clock,
      log: options.log,
      directory,
      secrets,
      keys,
      cookieKeys: [parts.formSecret],
      accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? ACCESS_TOKEN_SECONDS,
    })
    made = { issuer, kid, server }
    return server
  }
}

/** Once an hour: rotates keys when due and removes what has ended. */
async function keepHouse(
  { metadata, clock, log }: IdentityOptions,
  keys: KeyRing,
  tokens: PersonalTokens,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const now = clock.now().getTime()
      if (await keys.rotateWhenDue()) log.info({ kid: keys.activeKid }, 'signing key rotated')
      await deleteEndedArtifacts(metadata.db, Math.floor(now / 1000))
      await deleteEndedSessions(metadata.db, now)
      await deleteEndedTokens(metadata.db, now)
      await tokens.reload()
    } catch (error) {
      log.error({ err: error }, 'identity housekeeping failed')
    }
    await clock.sleep(HOUSEKEEPING_MS, signal).catch(() => undefined)
  }
}
