// Signing a browser in and out: `/sign-in` for visitors, `/sign-in/link` for the one-time link, `/sign-out`.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { senderOf } from '../base/request-head.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import { addForms, formOf } from './oauth-http.ts'
import { confirmSignInPage, refusedPage, sendPage, signInPage, spentPage } from './pages.ts'
import { safeNext } from './safe-next.ts'

export interface SignInHttpOptions {
  readonly sessions: BrowserSessions
  readonly baseUrl: () => string
  /** How the command line is called here. */
  readonly command: string
  /** Origins beside the workspace's own that a sign-in may lead back to: those of its apps. */
  readonly isAppUrl: (url: URL) => boolean
}

/** Adds the sign-in pages to the HTTP server. */
export async function mountSignIn(http: FastifyInstance, options: SignInHttpOptions): Promise<void> {
  await http.register(async (plugin) => {
    addForms(plugin)
    plugin.get('/sign-in', (request, reply) => showSignIn(request, reply, options))
    plugin.get('/sign-in/link', (request, reply) => showLink(request, reply, options))
    plugin.post('/sign-in/link', (request, reply) => takeLink(request, reply, options))
    plugin.post('/sign-out', (request, reply) => signOut(request, reply, options))
  })
}

async function showSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignInHttpOptions,
): Promise<FastifyReply> {
  const asked = queryValue(request, 'next')
  const next = nextOf(asked, options)
  if (await options.sessions.callerOf(request.headers.cookie)) return reply.redirect(next, 303)
  const body = signInPage(asked === undefined ? undefined : next, options.command)
  return sendPage(request, reply, body, { status: 401 })
}

/** The link itself changes nothing; the button on its page does. Browsers and mail programs open links ahead of time. */
async function showLink(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignInHttpOptions,
): Promise<FastifyReply> {
  const code = queryValue(request, 'code')
  const next = nextOf(queryValue(request, 'next'), options)
  if (code === undefined || !(await options.sessions.isGood(code)))
    return spent(request, reply, options, next)
  return sendPage(request, reply, confirmSignInPage({ code, next }), { formTargets: formTargets(next) })
}

async function takeLink(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignInHttpOptions,
): Promise<FastifyReply> {
  if (senderOf(request.headers) !== 'own') return sendPage(request, reply, refusedPage, { status: 403 })
  const form = formOf(request)
  const session = await options.sessions.signIn(form.get('code') ?? '')
  const next = nextOf(form.get('next') ?? undefined, options)
  if (session === undefined) return spent(request, reply, options, next)
  const secure = options.baseUrl().startsWith('https:')
  void reply.header('set-cookie', options.sessions.cookieOf(session, { secure }))
  return reply.redirect(next, 303)
}

async function signOut(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignInHttpOptions,
): Promise<FastifyReply> {
  if (senderOf(request.headers) !== 'own') return sendPage(request, reply, refusedPage, { status: 403 })
  await options.sessions.signOut(request.headers.cookie)
  const secure = options.baseUrl().startsWith('https:')
  void reply.header('set-cookie', options.sessions.cookieOf('', { secure }))
  return reply.redirect('/sign-in', 303)
}

function nextOf(next: string | undefined, options: SignInHttpOptions): string {
  return safeNext(next, options.baseUrl(), options.isAppUrl)
}

/** The origin of an absolute `next`: the form's redirect goes there. */
function formTargets(next: string): string[] {
  return next.startsWith('/') ? [] : [new URL(next).origin]
}

function queryValue(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : undefined
}

/** A link that signs nobody in: who is signed in already goes where it leads, all others learn how to get a new one. */
async function spent(
  request: FastifyRequest,
  reply: FastifyReply,
  { command, sessions }: SignInHttpOptions,
  next: string,
): Promise<FastifyReply> {
  if (await sessions.callerOf(request.headers.cookie)) return reply.redirect(next, 303)
  return sendPage(request, reply, spentPage(command), { status: 400 })
}
