// Serves the console: its page at each path of its own, its files below `/assets`. Everything else it does goes through the API.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { lookOf, pagesCss } from '@lakelet/theme/pages'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LakeletError } from '../../base/errors.ts'
import type { Identity } from '../../identity/start.ts'
import type { ConsoleBuilds } from './builds.ts'
import { buildingPage, consoleHeaders, consolePage } from './page.ts'

/** The paths whose pages are the console's; the rest belongs to the API and to the pages of sign-in. */
const PLACES = ['/', '/lakebase', '/apps', '/operations', '/workspace', '/settings']
/** Longest wait for a build before its page says that it is being made. */
const BUILD_WAIT_MS = 1500
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface ConsoleParts {
  readonly identity: Identity
  readonly builds: ConsoleBuilds
}

/** Adds the console's pages and files. */
export async function mountConsole(http: FastifyInstance, parts: ConsoleParts): Promise<void> {
  await http.register(async (plugin) => {
    for (const place of PLACES) {
      plugin.get(place, (request, reply) => showPage(request, reply, parts))
      if (place !== '/') plugin.get(`${place}/*`, (request, reply) => showPage(request, reply, parts))
    }
    // Browsers ask for it by themselves.
    plugin.get('/favicon.ico', (_request, reply) => reply.code(204).send())
    plugin.get('/assets/pages.css', (_request, reply) => showPagesCss(reply))
    plugin.get('/assets/:name', (request, reply) => showAsset(request, reply, parts.builds))
  })
}

async function showPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { identity, builds }: ConsoleParts,
): Promise<FastifyReply> {
  const caller = await identity.sessionOf(request.headers.cookie)
  if (!caller) return reply.redirect(signInPath(request.url), 303)
  const look = lookOf(request.headers)
  const nonce = randomBytes(16).toString('base64')
  const build = await builds.current(BUILD_WAIT_MS)
  const page = build ? consolePage(build, { ...look, nonce }) : buildingPage(look)
  return reply
    .code(build ? 200 : 503)
    .headers(consoleHeaders(nonce))
    .send(page)
}

function signInPath(url: string): string {
  return url === '/' ? '/sign-in' : `/sign-in?${new URLSearchParams({ next: url }).toString()}`
}

async function showAsset(
  request: FastifyRequest,
  reply: FastifyReply,
  builds: ConsoleBuilds,
): Promise<FastifyReply> {
  const { name = '' } = request.params as { name?: string }
  const asset = await builds.asset(name, request.headers['accept-encoding'] ?? '')
  if (!asset) throw new LakeletError('endpoint_not_found', { method: 'GET', path: request.url.slice(0, 200) })
  if (asset.encoding) void reply.header('content-encoding', asset.encoding)
  return reply
    .headers({
      'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      // The name holds a hash of the content.
      'cache-control': 'public, max-age=31536000, immutable',
      'cross-origin-resource-policy': 'same-origin',
      vary: 'accept-encoding',
    })
    .send(asset.bytes)
}

/** The styles of the server's own pages. */
async function showPagesCss(reply: FastifyReply): Promise<FastifyReply> {
  return reply
    .headers({ 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=300' })
    .send(pagesCss())
}
