// The server over streamable HTTP. Who calls is found out before; each request has a server of its own, so that nothing is kept between them but
// what was asked for and not yet confirmed.
import type { Client } from '@lakelet/api'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { Confirmations } from './confirmations.ts'
import { type McpOptions, TOOLSETS, type Toolset } from './options.ts'
import { createMcpServer } from './server.ts'

export interface HttpHandler extends AsyncDisposable {
  /** Answers one request; its URL may say `read_only`, `toolsets` and `project`. `gone` is aborted when its sender is gone. */
  handle(request: Request, client: Client, gone: AbortSignal): Promise<Response>
}

export interface HttpHandlerOptions {
  readonly version: string
  /** Told what went wrong with a request, and what was wrong with one. */
  readonly onError: (error: Error) => void
}

/** Who sent a request, for the server that is made for it. */
interface Sender {
  readonly client: Client
  readonly url: string
  readonly signal: AbortSignal
}

/** In bytes. */
const MOST_BODY = 1024 * 1024

/** A handler for a process. */
export function createHttpHandler({ version, onError }: HttpHandlerOptions): HttpHandler {
  const confirmations = new Confirmations()
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const sender = authInfo?.extra as Sender | undefined
      if (!sender) throw new Error('a request without a sender')
      const { client, url, signal } = sender
      const asked = askedBy(new URL(url).searchParams)
      const connect = () => Promise.resolve(client)
      return createMcpServer({ version, ...asked, confirmations, connect }, signal)
    },
    { maxRequestBodySize: MOST_BODY, onerror: onError },
  )
  return {
    async handle(request, client, signal) {
      const problem = problemOf(new URL(request.url).searchParams)
      if (problem !== undefined) return Response.json({ error: problem }, { status: 400 })
      const extra = { client, url: request.url, signal } satisfies Sender
      return handler.fetch(request, { authInfo: { token: '', clientId: '', scopes: [], extra } })
    },
    [Symbol.asyncDispose]: () => handler.close(),
  }
}

const KNOWN = ['read_only', 'toolsets', 'project']

/** What is wrong with the query of a URL: a misspelt limit must not be no limit. */
function problemOf(query: URLSearchParams): string | undefined {
  for (const [key, value] of query) {
    if (!KNOWN.includes(key)) return `the address takes ${KNOWN.join(', ')}, and not '${key.slice(0, 40)}'`
    if (key === 'read_only' && value !== 'true' && value !== 'false') return 'read_only is true or false'
    const unknown = key === 'toolsets' && namesIn(value).find((name) => !isToolset(name))
    if (typeof unknown === 'string') return `toolsets are ${TOOLSETS.join(', ')}`
  }
  return undefined
}

function askedBy(query: URLSearchParams): Pick<McpOptions, 'readOnly' | 'toolsets' | 'project'> {
  const toolsets = query.get('toolsets')
  return {
    readOnly: query.get('read_only') === 'true',
    ...(toolsets === null ? {} : { toolsets: namesIn(toolsets).filter(isToolset) }),
    project: query.get('project') ?? undefined,
  }
}

function namesIn(text: string): string[] {
  return text.split(',').map((each) => each.trim())
}

function isToolset(name: string): name is Toolset {
  return TOOLSETS.some((each) => each === name)
}
