// Who sends a request, and whether they may: found out before the body is read, and again while a stream is open.
import type { RouteDefinition } from '@lakelet/api'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { RequestHead } from '../../base/request-head.ts'
import type { CallerPort } from '../ports.ts'

/** What the hooks of a request share. */
export interface Guards {
  readonly callers: CallerPort
  readonly checkOrigin: (request: RequestHead) => void
  readonly takeRequest: (who: string) => void
}

/** Where a request keeps its caller between the hook that finds out and the handler. A weak map of requests would burden each garbage collection. */
export const CALLER = Symbol('caller')

declare module 'fastify' {
  interface FastifyRequest {
    [CALLER]: Caller | undefined
  }
}

/** Finds the caller and lets the request pass or throws. It only takes a promise where something has to be waited for. */
export function admit(
  route: RouteDefinition,
  request: FastifyRequest,
  guards: Guards,
): Promise<void> | undefined {
  const caller = authenticate(request, guards.callers)
  return caller instanceof Promise
    ? caller.then((found) => admitCaller(route, found, request, guards))
    : admitCaller(route, caller, request, guards)
}

function admitCaller(
  route: RouteDefinition,
  caller: Caller | undefined,
  request: FastifyRequest,
  guards: Guards,
): Promise<void> | undefined {
  guards.takeRequest(caller ? String(caller.id) : `address ${request.ip}`)
  if (!caller) {
    if (route.permission.kind !== 'public') throw new LakeletError('unauthenticated')
    return undefined
  }
  request[CALLER] = caller
  return authorize(route, caller, request, guards.callers)
}

export function headOf(request: FastifyRequest): RequestHead {
  const query = request.url.indexOf('?')
  return {
    method: request.method,
    path: query === -1 ? request.url : request.url.slice(0, query),
    headers: request.headers,
  }
}

function authenticate(
  request: FastifyRequest,
  callers: CallerPort,
): Caller | undefined | Promise<Caller | undefined> {
  const { authorization } = request.headers
  if (authorization === undefined) return callers.authenticateSession?.(headOf(request))
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
  return token === undefined ? undefined : callers.authenticate(token, headOf(request))
}

function authorize(
  route: RouteDefinition,
  caller: Caller,
  request: FastifyRequest,
  callers: CallerPort,
): Promise<void> | undefined {
  const { permission } = route
  if (permission.kind === 'admin' && !caller.isAdmin) {
    throw new LakeletError('permission_denied', { action: route.summary })
  }
  if (permission.kind !== 'object') return undefined
  const id = (request.params as Record<string, string>)[permission.param] ?? ''
  const verdict = callers.authorize(caller, { type: permission.type, id }, permission.level)
  const act = (answer: Awaited<typeof verdict>) => {
    // The very words of an object that is not there.
    if (answer === 'hidden') throw new LakeletError('resource_not_found', { type: permission.type })
    if (answer === 'denied') throw new LakeletError('permission_denied', { action: route.summary })
  }
  if (verdict instanceof Promise) return verdict.then(act)
  act(verdict)
  return undefined
}

/** Whether who opened a stream would be let in now. */
export async function isStillAdmitted(
  route: RouteDefinition,
  request: FastifyRequest,
  guards: Guards,
): Promise<boolean> {
  if (route.permission.kind === 'public') return true
  try {
    const caller = await authenticate(request, guards.callers)
    if (!caller) return false
    await authorize(route, caller, request, guards.callers)
    return true
  } catch {
    return false
  }
}
