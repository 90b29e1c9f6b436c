// The OpenAPI 3.1 description of the routes. It is printed from the same table that the server registers, so it cannot
// say anything else than the server does.
import { z } from 'zod'
import { errorCatalogue, type ErrorCode } from './errors/lakelet-error.ts'
import type { Payload, Permission, RouteDefinition } from './route.ts'

type Json = Record<string, unknown>

/** Codes that every route may give. */
const COMMON_ERRORS: readonly ErrorCode[] = ['internal', 'rate_limited', 'workspace_stopping']
const INPUT_ERRORS: readonly ErrorCode[] = ['invalid_parameter']
const BODY_ERRORS: readonly ErrorCode[] = [
  'malformed_request',
  'body_too_large',
  'unsupported_media_type',
  'request_timeout',
]

/** The whole document for `routes`. */
export function openApiDocument(routes: readonly RouteDefinition[], version: string): Json {
  const schemas: Json = { Error: errorSchema }
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lakelet',
      version,
      description:
        'The REST API of a Lakelet workspace. Paths, names and errors are those of the Databricks APIs.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    paths: sorted(paths),
    components: {
      responses: {
        Error: {
          description: 'An error; x-errors lists the codes of docs/errors.md that the operation gives',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: sorted(schemas),
    },
  }
}

const errorSchema = {
  type: 'object',
  properties: {
    error_code: { type: 'string' },
    message: { type: 'string' },
    details: { type: 'array', items: { type: 'object' } },
  },
  required: ['error_code', 'message'],
}

function operationOf(route: RouteDefinition, schemas: Json): Json {
  return {
    operationId: route.id,
    tags: [route.id.split('.')[0]],
    summary: route.summary,
    security: route.permission.kind === 'public' ? [] : [{ bearer: [] }],
    'x-permission': permissionText(route.permission),
    ...parametersOf(route, schemas),
    ...(route.body === undefined
      ? {}
      : { requestBody: { content: contentOf(route.body, 'input', schemas) } }),
    responses: {
      '200': { description: 'Done', content: replyOf(route, schemas) },
      default: { $ref: '#/components/responses/Error' },
    },
    'x-errors': errorsOf(route),
  }
}

function parametersOf(route: RouteDefinition, schemas: Json): Json {
  const inPath = parameters(route.params, 'path', schemas)
  const inQuery = parameters(route.query, 'query', schemas)
  const all = [...inPath, ...inQuery]
  return all.length === 0 ? {} : { parameters: all }
}

function parameters(schema: z.ZodObject | undefined, place: 'path' | 'query', schemas: Json): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input', schemas) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: each,
  }))
}

function replyOf(route: RouteDefinition, schemas: Json): Json {
  if (route.reply !== 'stream') return contentOf(route.reply, 'output', schemas)
  return { [route.contentType ?? 'application/octet-stream']: { schema: { type: 'string' } } }
}

function contentOf(payload: Payload | 'stream', io: 'input' | 'output', schemas: Json): Json {
  if (payload === 'raw' || payload === 'stream')
    return { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
  return { 'application/json': { schema: schemaOf(payload, io, schemas) } }
}

/** A schema as JSON Schema; parts that have an id of their own are moved to `schemas` and referred to. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const {
    $schema: _,
    $defs,
    ...rest
  } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & {
    $defs?: Record<string, Json>
  }
  for (const [name, each] of Object.entries($defs ?? {})) {
    const { id: _id, ...definition } = each
    schemas[name] = referring(definition)
  }
  const { id, ...plain } = referring(rest) as Json
  if (typeof id !== 'string') return plain
  schemas[id] = plain
  return { $ref: `#/components/schemas/${id}` }
}

function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === '$ref' && typeof each === 'string'
        ? each.replace('#/$defs/', '#/components/schemas/')
        : referring(each),
    ]),
  )
}

/** The codes that the route may answer, by HTTP status. */
function errorsOf(route: RouteDefinition): Record<string, ErrorCode[]> {
  const codes = new Set<ErrorCode>([
    ...route.errors,
    ...COMMON_ERRORS,
    ...(route.permission.kind === 'public' ? [] : (['unauthenticated'] as const)),
    ...(['admin', 'object'].includes(route.permission.kind) ? (['permission_denied'] as const) : []),
    ...(route.query || route.params || route.body ? INPUT_ERRORS : []),
    ...(route.body === undefined ? [] : BODY_ERRORS),
  ])
  const byStatus = Object.groupBy([...codes].toSorted(), (code) => String(errorCatalogue[code].status))
  return sorted(byStatus as Record<string, ErrorCode[]>)
}

function permissionText(permission: Permission): string {
  switch (permission.kind) {
    case 'public':
      return 'anybody'
    case 'authenticated':
      return 'any principal of the workspace'
    case 'admin':
      return 'admins'
    case 'object':
      return `${permission.level} on the ${permission.type}`
    case 'service':
      return permission.rule
  }
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)))
}
