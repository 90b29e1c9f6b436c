// From what a client sent to what a handler is given.
import type { RouteDefinition } from '@lakelet/api'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { because, LakeletError } from '../../base/errors.ts'
import { unsupportedMediaType } from './error-reply.ts'
import { checkValues } from './request-text.ts'
import { reasonOf } from './value-reason.ts'
import { withoutUnset } from './unset-fields.ts'

const NOTHING = Object.freeze({})
const JSON_TYPE = /^(application\/json|application\/[\w.+-]+\+json)\s*(;|$)/i

/** The validated parts of a request. LakeletError `invalid_parameter`, `malformed_request` or `unsupported_media_type`. */
export function readInput(
  route: RouteDefinition,
  request: FastifyRequest,
): { readonly params: unknown; readonly query: unknown; readonly body: unknown } {
  if (route.params) checkValues(request.params)
  if (route.query) checkValues(request.query)
  return {
    params: route.params ? readParams(route.params, request.params) : NOTHING,
    query: route.query ? parse(route.query, request.query) : NOTHING,
    body: readBody(route, request),
  }
}

/** Path parameters are text already; where a schema asks for no more than that, there is nothing to check. */
function readParams(schema: z.ZodObject, value: unknown): unknown {
  let isPlain = plainText.get(schema)
  if (isPlain === undefined) {
    isPlain = Object.values(schema.shape).every(
      (field) => field instanceof z.ZodString && (field.def.checks ?? []).length === 0,
    )
    plainText.set(schema, isPlain)
  }
  return isPlain ? value : parse(schema, value)
}

const plainText = new WeakMap<z.ZodObject, boolean>()

function readBody(route: RouteDefinition, request: FastifyRequest): unknown {
  if (route.body === undefined) return undefined
  // Read by the handler; one that leaves off half-way still answers.
  if (route.body === 'stream') return request.raw.iterator({ destroyOnReturn: false })
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  if (route.body === 'raw') return bytes
  const contentType = request.headers['content-type']
  if (bytes.length > 0 && contentType !== undefined && !JSON_TYPE.test(contentType)) {
    throw unsupportedMediaType(request)
  }
  return parse(route.body, withoutUnset(route.body, parseJson(bytes)))
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not JSON'
    throw new LakeletError(
      'malformed_request',
      { reason: because('not_json', { problem: reason }) },
      { cause: error },
    )
  }
  checkValues(value)
  return value
}

function parse(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new LakeletError('invalid_parameter', { reason: reasonOf(result.error) })
}
