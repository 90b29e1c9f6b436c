// The Data API as a part of the HTTP server: who calls, which database is meant, and CORS.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../base/log.ts'
import type { DataApiDatabases } from './databases.ts'
import { DataApiError, errorReply, PGRST } from './errors.ts'
import { handle } from './handle.ts'
import type { DataApiDirectory, ServedDatabase } from './ports.ts'
import type { ApiReply, ApiRequest } from './request.ts'

const BODY_BYTES = 20 * 1024 * 1024
const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']

export interface DataApiParts {
  readonly workspaceId: string
  /** Scheme, host and port of the workspace. */
  readonly baseUrl: string
  readonly directory: DataApiDirectory
  readonly databases: DataApiDatabases
  readonly log: Logger
}

/** Where the Data API of a database is. */
export function dataApiUrl(
  parts: { readonly baseUrl: string; readonly workspaceId: string },
  endpointUid: string,
  database: string,
): string {
  return `${parts.baseUrl}/api/2.0/workspace/${parts.workspaceId}/rest/${endpointUid}/${encodeURIComponent(database)}`
}

/** Adds the routes of all databases. */
export async function mountDataApi(http: FastifyInstance, parts: DataApiParts): Promise<void> {
  const url = `/api/2.0/workspace/${parts.workspaceId}/rest/:endpoint/:database`
  await http.register(async (plugin) => {
    for (const path of [url, `${url}/*`]) {
      plugin.route({
        method: METHODS,
        url: path,
        bodyLimit: BODY_BYTES,
        handler: (request, reply) => answer(request, reply, parts),
      })
    }
    plugin.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      if (error.statusCode === undefined || error.statusCode >= 500) throw error
      return reply
        .code(error.statusCode)
        .header('content-type', 'application/json; charset=utf-8')
        .send(JSON.stringify({ code: PGRST.body[0], message: error.message, details: null, hint: null }))
    })
  })
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: DataApiParts,
): Promise<FastifyReply> {
  const { endpoint = '', database: name = '' } = request.params as { endpoint?: string; database?: string }
  const database = await parts.directory.find(endpoint, name)
  const cors = database ? corsHeaders(request, database) : {}
  if (request.method === 'OPTIONS')
    return reply
      .code(200)
      .headers({ ...preflight(request), ...cors })
      .send('')
  const result = await respond(request, { endpoint, name, database }, parts)
  void reply.code(result.status).headers({ ...cors, ...result.headers })
  return reply.send(result.body)
}

async function respond(
  request: FastifyRequest,
  {
    endpoint,
    name,
    database,
  }: { readonly endpoint: string; readonly name: string; readonly database: ServedDatabase | undefined },
  parts: DataApiParts,
): Promise<ApiReply> {
  try {
    const caller = callerOf(request.headers.authorization, parts.directory)
    if (!database) {
      throw new DataApiError(PGRST.path, 'Invalid path specified in request URL', {
        details: `The Data API is not enabled for a database '${name}' at ${endpoint}`,
      })
    }
    const url = dataApiUrl(parts, endpoint, name)
    return await handle(apiRequest(request), { databases: parts.databases, database, caller, url })
  } catch (error) {
    const known = errorReply(error)
    if (!known) throw error
    if (known.status >= 500) parts.log.info({ err: error, endpoint }, 'the Data API could not answer')
    const challenge = known.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
    return {
      status: known.status,
      headers: { 'content-type': 'application/json; charset=utf-8', ...challenge, ...known.headers },
      body: JSON.stringify(known.body),
    }
  }
}

function callerOf(authorization: string | undefined, directory: DataApiDirectory) {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw new DataApiError(PGRST.anonymous, 'Anonymous access is disabled')
  const caller = directory.callerOf(token)
  if (!caller)
    throw new DataApiError(PGRST.token, 'The token is no OAuth token of this workspace, or it has expired')
  return caller
}

function apiRequest(request: FastifyRequest): ApiRequest {
  const at = request.url.indexOf('?')
  const rest = (request.params as { '*'?: string })['*'] ?? ''
  return {
    method: request.method,
    segments: rest.split('/').filter((each) => each !== ''),
    path: at === -1 ? request.url : request.url.slice(0, at),
    search: new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1)),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : value,
      ]),
    ),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  }
}

function corsHeaders(
  { headers: { origin } }: FastifyRequest,
  { settings }: ServedDatabase,
): Record<string, string> {
  const { allowedOrigins } = settings
  if (origin === undefined || (allowedOrigins.length > 0 && !allowedOrigins.includes(origin))) return {}
  return {
    'access-control-allow-origin': allowedOrigins.length > 0 ? origin : '*',
    ...(allowedOrigins.length > 0 ? { vary: 'origin' } : {}),
    'access-control-expose-headers':
      'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit',
  }
}

function preflight({ headers }: FastifyRequest): Record<string, string> {
  return {
    allow: 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE',
    'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD',
    'access-control-allow-headers':
      headers['access-control-request-headers'] ??
      'Authorization, Content-Type, Accept, Accept-Language, Content-Language',
    'access-control-max-age': '86400',
  }
}
