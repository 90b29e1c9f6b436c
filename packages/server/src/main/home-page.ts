// The page at the workspace's own URL: what runs, and what to do next. It reads what any signed-in user may read.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { endpointName } from '@lakelet/api'
import type { Caller } from '../base/caller.ts'
import type { Computes } from '../computes/index.ts'
import type { AppsService } from '../control/services/apps.ts'
import { html, type Html } from '../identity/html.ts'
import { sendPage } from '../identity/pages.ts'
import type { Identity } from '../identity/start.ts'
import type { Metadata } from '../metadata/database.ts'
import { listLiveEndpoints, type LiveEndpoint } from '../metadata/endpoints.ts'

export interface HomePageParts {
  readonly metadata: Metadata
  readonly identity: Identity
  readonly computes: Computes
  readonly apps: AppsService
  readonly postgres: () => { readonly host: string; readonly port: number }
}

/** Adds `GET /`: the page for a signed-in browser, the way to sign in for any other. */
export async function mountHomePage(http: FastifyInstance, parts: HomePageParts): Promise<void> {
  await http.register(async (plugin) => {
    plugin.get('/', async (request, reply) => showHome(request, reply, parts))
  })
}

async function showHome(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: HomePageParts,
): Promise<FastifyReply> {
  const caller = await parts.identity.sessionOf(request.headers.cookie)
  if (!caller) return reply.redirect('/sign-in', 303)
  const [apps, endpoints] = await Promise.all([appRows(parts, caller), endpointRows(parts, caller)])
  const { host, port } = parts.postgres()
  const body = html`<h1>Your workspace</h1>
    <p class="dim">
      Signed in as ${caller.name}. Postgres listens on <code>${host}:${port}</code> and wants TLS and a token.
    </p>
    <h2>Apps</h2>
    ${list(apps, html`No app yet: <code>lakelet apps create my-app --template notes-flask</code>`)}
    <h2>Databases</h2>
    ${list(endpoints, html`No project yet: <code>lakelet postgres create-project my-app-db</code>`)}
    <h2>Next</h2>
    <ul>
      <li><code>lakelet psql</code> opens a database as you</li>
      <li><code>lakelet env</code> prints what an app or a driver needs to connect</li>
      <li><code>lakelet auth login</code> writes a profile that the official SDKs read</li>
    </ul>
    <form method="post" action="/sign-out"><button>Sign out</button></form>`
  return sendPage(reply, 'Workspace', body)
}

async function appRows({ apps }: HomePageParts, caller: Caller): Promise<Html[]> {
  const { apps: found = [] } = await apps.list(caller, {})
  return found.map(
    (app) =>
      html`<a href="${app.url ?? ''}">${app.name}</a>
        <span class="dim">${(app.app_status?.state ?? 'UNAVAILABLE').toLowerCase()}</span>`,
  )
}

async function endpointRows(
  { metadata, computes, identity }: HomePageParts,
  caller: Caller,
): Promise<Html[]> {
  const live = await listLiveEndpoints(metadata.db)
  const seen = await Promise.all(live.map((each) => maySee(identity, caller, each)))
  return live
    .filter((_, index) => seen[index])
    .map(
      (each) =>
        html`<code>${endpointName(each.projectId, each.branchId, each.endpointId)}</code>
          <span class="dim">${each.isDisabled ? 'disabled' : computes.state(each.uid)}</span>`,
    )
}

async function maySee(identity: Identity, caller: Caller, endpoint: LiveEndpoint): Promise<boolean> {
  const project = { type: 'project', id: endpoint.projectUid } as const
  return (await identity.permissions.authorize(caller, project, 'CAN_USE')) === 'allowed'
}

function list(rows: readonly Html[], whenEmpty: Html): Html {
  if (rows.length === 0) return html`<p>${whenEmpty}</p>`
  return html`<ul>
    ${rows.map((row) => html`<li>${row}</li>`)}
  </ul>`
}
