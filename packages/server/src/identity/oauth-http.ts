// The OAuth server under `/oidc`: hands requests to oidc-provider, shows the page on which a person allows or denies, and answers
// introspection of our own tokens. The plugin is encapsulated: bodies reach oidc-provider unread.
import { createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { InteractionResults, Provider } from 'oidc-provider'
import type { Caller } from '../base/caller.ts'
import { senderOf } from '../base/request-head.ts'
import type { Authenticator } from './authenticate.ts'
import { type BrowserSessions, OAUTH_SESSION_COOKIE } from './browser-sessions.ts'
import type { DatabaseCredentials } from './database-credentials.ts'
import { consentPage, endedPage, refusedPage, sendPage } from './pages.ts'
import { hashOf, sameHash } from './secrets.ts'
import type { ServicePrincipalSecrets } from './service-principal-secrets.ts'

const MOUNT = '/oidc'
const METADATA = '/.well-known/oauth-authorization-server'
/** Longest name of a program that is shown: one that registers itself may take any. */
const NAME_LENGTH = 80
const FORM_LIMIT = 64 * 1024

export interface OAuthHttpOptions {
  /** The server for the keys and the address of this moment. */
  readonly server: () => Promise<Provider>
  readonly sessions: BrowserSessions
  readonly authenticator: Authenticator
  readonly credentials: DatabaseCredentials
  readonly secrets: ServicePrincipalSecrets
  readonly workspaceId: string
  /** Secret for the tokens that guard the consent form. */
  readonly formSecret: string
}

/** Adds the routes under `/oidc` to the HTTP server. */
export async function mountOAuth(http: FastifyInstance, options: OAuthHttpOptions): Promise<void> {
  await http.register(
    async (plugin) => {
      addForms(plugin)
      plugin.get('/interaction/:uid', (request, reply) => showConsent(request, reply, options))
      plugin.post('/interaction/:uid', (request, reply) => decide(request, reply, options))
      plugin.post('/v1/introspect', (request, reply) => introspect(request, reply, options))
    },
    { prefix: MOUNT },
  )
  await http.register(
    async (plugin) => {
      plugin.removeAllContentTypeParsers()
      plugin.addContentTypeParser('*', (_request, _payload, done) => {
        done(null)
      })
      plugin.all('/*', (request, reply) => passOn(request, reply, options))
    },
    { prefix: MOUNT },
  )
  // Where RFC 8414 has clients look for an issuer with a path.
  http.get(`${METADATA}${MOUNT}`, (request, reply) => {
    request.raw.url = `${MOUNT}${METADATA}`
    return passOn(request, reply, options)
  })
}

/** Reads form bodies as URLSearchParams. */
export function addForms(plugin: FastifyInstance): void {
  plugin.removeAllContentTypeParsers()
  plugin.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_LIMIT },
    (_request, body, done) => {
      done(null, new URLSearchParams(String(body)))
    },
  )
}

/** The fields of a request that `addForms` has read. */
export function formOf(request: FastifyRequest): URLSearchParams {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
}

/** Gives the request to oidc-provider, below the mount point. */
async function passOn(
  request: FastifyRequest,
  reply: FastifyReply,
  options: OAuthHttpOptions,
): Promise<void> {
  const raw: IncomingMessage & { originalUrl?: string } = request.raw
  const { pathname, searchParams } = new URL(raw.url ?? MOUNT, 'http://workspace')
  // A person is asked each time. This also makes oidc-provider honour `offline_access`, which it ties to a consent prompt.
  if (pathname === `${MOUNT}/v1/authorize`) searchParams.set('prompt', 'login consent')
  const search = searchParams.toString()
  raw.originalUrl = search === '' ? pathname : `${pathname}?${search}`
  raw.url = raw.originalUrl.slice(MOUNT.length) || '/'
  dropCookie(raw, OAUTH_SESSION_COOKIE)
  const server = await options.server()
  reply.raw.setHeader('x-databricks-org-id', options.workspaceId)
  reply.hijack()
  await server.callback()(raw, reply.raw)
}

/**
 * The browser's session is ours; oidc-provider's own would only remember an account across sign-outs.
 */
function dropCookie(raw: IncomingMessage, name: string): void {
  const cookies = raw.headers.cookie
  if (cookies === undefined) return
  const kept = cookies.split(';').filter((pair) => {
    const cookie = pair.split('=')[0]?.trim()
    return cookie !== name && cookie !== `${name}.sig`
  })
  raw.headers.cookie = kept.join(';')
}

async function showConsent(
  request: FastifyRequest,
  reply: FastifyReply,
  options: OAuthHttpOptions,
): Promise<FastifyReply> {
  const interaction = await findInteraction(request, reply, options)
  if (!interaction) return sendPage(request, reply, endedPage, { status: 400 })
  const caller = await options.sessions.callerOf(request.headers.cookie)
  const here = request.url.split('?')[0] ?? ''
  if (!caller) return reply.redirect(`/sign-in?${new URLSearchParams({ next: here }).toString()}`, 303)
  if (caller.kind !== 'user') return sendPage(request, reply, endedPage, { status: 400 })
  const { params } = interaction
  const server = await options.server()
  const client = await server.Client.find(String(params['client_id']))
  const redirect = URL.parse(String(params['redirect_uri']))
  const body = consentPage({
    clientName: (client?.clientName ?? String(params['client_id'])).slice(0, NAME_LENGTH),
    userName: caller.name,
    scopes: scopeOf(interaction).split(' ').filter(Boolean),
    redirectHost: redirect?.host || (redirect?.protocol ?? ''),
    action: here,
    csrf: csrfToken(request, interaction.uid, options),
  })
  return sendPage(request, reply, body, { formTargets: redirect ? [targetOf(redirect)] : [] })
}

/** As a policy names where a form may lead: a scheme of a program's own has no origin. */
function targetOf({ origin, protocol }: URL): string {
  return origin === 'null' ? protocol : origin
}

async function decide(
  request: FastifyRequest,
  reply: FastifyReply,
  options: OAuthHttpOptions,
): Promise<FastifyReply> {
  const interaction = await findInteraction(request, reply, options)
  const caller = await options.sessions.callerOf(request.headers.cookie)
  if (!interaction || caller?.kind !== 'user') return sendPage(request, reply, endedPage, { status: 400 })
  const form = formOf(request)
  const genuine =
    senderOf(request.headers) === 'own' &&
    sameHash(form.get('csrf') ?? '', csrfToken(request, interaction.uid, options))
  if (!genuine) return sendPage(request, reply, refusedPage, { status: 403 })
  const result =
    form.get('decision') === 'allow'
      ? await allow(interaction, caller, await options.server())
      : { error: 'access_denied', error_description: 'The user denied the request' }
  const { raw } = request
  const server = await options.server()
  const target = await server.interactionResult(raw, reply.raw, result, { mergeWithLastSubmission: false })
  return reply.redirect(target, 303)
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

async function findInteraction(
  request: FastifyRequest,
  reply: FastifyReply,
  options: OAuthHttpOptions,
): Promise<Interaction | undefined> {
  const { uid } = request.params as { uid: string }
  const server = await options.server()
  try {
    const interaction = await server.interactionDetails(request.raw, reply.raw)
    return interaction.uid === uid ? interaction : undefined
  } catch {
    // oidc-provider throws SessionNotFound for a missing cookie and for an interaction that has ended.
    return undefined
  }
}

function scopeOf({ params }: Interaction): string {
  return typeof params['scope'] === 'string' ? params['scope'] : ''
}

async function allow(
  interaction: Interaction,
  caller: Caller,
  server: Provider,
): Promise<InteractionResults> {
  const accountId = String(caller.id)
  const { params } = interaction
  const grant = new server.Grant({ accountId, clientId: String(params['client_id']) })
  const scope = scopeOf(interaction)
  grant.addOIDCScope(scope)
  grant.addResourceScope(String(params['resource']), scope)
  return { login: { accountId, remember: false }, consent: { grantId: await grant.save() } }
}

/** Ties the form to this browser's session and this request: nobody else can have seen it. */
function csrfToken(request: FastifyRequest, uid: string, options: OAuthHttpOptions): string {
  const session = options.sessions.valueIn(request.headers.cookie) ?? ''
  return createHmac('sha256', options.formSecret)
    .update(`${hashOf(session)} ${uid}`)
    .digest('hex')
}

/** Token introspection (RFC 7662) for service principals with their secret and for anybody with a living bearer token. */
async function introspect(
  request: FastifyRequest,
  reply: FastifyReply,
  options: OAuthHttpOptions,
): Promise<object> {
  const form = formOf(request)
  if (!(await mayIntrospect(request, form, options))) {
    return failure(reply, 401, 'invalid_client', 'client authentication failed')
  }
  const token = form.get('token')
  if (!token) return failure(reply, 400, 'invalid_request', "missing required parameter 'token'")
  const found = options.authenticator.inspect(token)
  if (found) {
    const { caller } = found
    return {
      active: true,
      sub: caller.name,
      client_id: caller.kind === 'service_principal' ? caller.name : undefined,
      scope: found.scopes.join(' ') || 'all-apis',
      exp: found.expiresAt,
      token_type: 'Bearer',
    }
  }
  const database = options.credentials.verify(token)
  if (!database.ok) return { active: false }
  const exp = Math.floor(database.expiresAt.getTime() / 1000)
  return { active: true, sub: database.identity.name, exp, endpoint: database.endpoint }
}

async function mayIntrospect(
  request: FastifyRequest,
  form: URLSearchParams,
  options: OAuthHttpOptions,
): Promise<boolean> {
  const [scheme = '', value = ''] = (request.headers.authorization ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer') return options.authenticator.inspect(value) !== undefined
  const basic = Buffer.from(value, 'base64').toString('utf8')
  const [clientId, secret] =
    scheme.toLowerCase() === 'basic'
      ? [basic.slice(0, basic.indexOf(':')), basic.slice(basic.indexOf(':') + 1)]
      : [form.get('client_id'), form.get('client_secret')]
  if (!clientId || !secret) return false
  return (await options.secrets.verify(clientId, secret)) !== undefined
}

function failure(reply: FastifyReply, status: number, error: string, description: string): object {
  void reply.code(status)
  return { error, error_description: description }
}
