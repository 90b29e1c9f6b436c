import { type Client, createClient, credentialRoutes, signInRoutes } from '@lakelet/api'
import type { Terminal } from '../command/terminal.ts'
import { findLocalWorkspace } from './local-workspace.ts'
import { type Configuration, type Named, normalHost, resolveConfiguration } from './resolve.ts'
import { type Link, findLink } from './link.ts'
import { namingErrors } from './name-errors.ts'
import { type TokenSource, tokenSourceOf } from './token-source.ts'
import { VERSION } from '../version.ts'

/** A workspace that commands talk to, as the identity that is configured. */
export interface WorkspaceConnection {
  readonly host: string
  readonly configuration: Configuration
  readonly client: Client
  readonly tokens: TokenSource
  /** The link of this folder, where it is one to this workspace. */
  readonly link: Link | undefined
  /** Says on standard error which workspace is about to be changed, once, unless it is obvious. Changes by the API say it by themselves. */
  readonly announce: () => void
}

/** Resolves the configuration and makes a client from it. */
export async function connectWorkspace(terminal: Terminal, options: Named): Promise<WorkspaceConnection> {
  const configuration = await resolveConfiguration(terminal, options)
  const tokens = tokenSourceOf(configuration, terminal)
  const link = await findLink(terminal.cwd)
  let isSaid = configuration.isObvious
  const announce = () => {
    if (!isSaid) terminal.stderr(`Workspace: ${configuration.host} (${configuration.source})\n`)
    isSaid = true
  }
  return {
    host: configuration.host,
    configuration,
    tokens,
    link: link && (await isLinkTo(link, configuration)) ? link : undefined,
    announce,
    client: clientFor(configuration.host, tokens, {
      ...terminal,
      fetch: announcing(terminal.fetch, announce),
    }),
  }
}

/** A link says nothing about another workspace that was named. */
async function isLinkTo(link: Link, { host }: Configuration): Promise<boolean> {
  if (link.dataDir === undefined) return link.host === host
  const linked = await findLocalWorkspace(link.dataDir)
  return linked !== undefined && normalHost(linked.host) === host
}

/** Calls that write nothing although they are no GET: credentials and links for the caller. */
const HARMLESS: readonly string[] = [credentialRoutes.generate.path, signInRoutes.createLink.path]

/** Calls `announce` before the first request that changes something. */
function announcing(send: typeof fetch, announce: () => void): typeof fetch {
  return (input, init) => {
    const method = init?.method ?? 'GET'
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    if (method !== 'GET' && method !== 'HEAD' && !HARMLESS.includes(pathname)) announce()
    return send(input, init)
  }
}

/** A client for `host` with the tokens of `tokens`. */
export function clientFor(host: string, tokens: TokenSource, terminal: Pick<Terminal, 'fetch'>): Client {
  const client = createClient({
    host,
    token: async () => (await tokens.token()).accessToken,
    userAgent: `lakelet/${VERSION} nodejs/${process.versions.node} os/${process.platform} auth/${tokens.authType}`,
    fetch: retrying(terminal.fetch),
  })
  return namingErrors(client)
}

/** Longest wait that a server may ask for and be obeyed. */
const LONGEST_WAIT_S = 30
const TRIES = 5

/** Tries again where the server says "later" (429, 503), after the time it names. */
function retrying(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    for (let tried = 1; ; tried++) {
      const reply = await send(input, init)
      if ((reply.status !== 429 && reply.status !== 503) || tried === TRIES) return reply
      const asked = Number(reply.headers.get('retry-after') ?? 1)
      if (!(asked <= LONGEST_WAIT_S)) return reply
      await reply.body?.cancel()
      await pause(asked * 1000, init?.signal ?? undefined)
    }
  }
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises')
  await sleep(ms, undefined, signal ? { signal } : {})
}
