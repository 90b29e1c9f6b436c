// How a route of the contract gets its handler.
import type { RouteBody, RouteDefinition, RouteParams, RouteQuery, RouteReply } from '@lakelet/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../base/caller.ts'

/** One request as a handler sees it: validated input and the principal who calls. */
export interface RequestOf<R extends RouteDefinition> {
  readonly params: RouteParams<R>
  readonly query: RouteQuery<R>
  readonly body: RouteBody<R>
  /** Who calls; on public routes whoever sent a valid token, else undefined. */
  readonly caller: R['permission'] extends { readonly kind: 'public' } ? Caller | undefined : Caller
  readonly requestId: string
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  /** For the few handlers that read a header or set one; the reply's body is what the handler returns. */
  readonly http: { readonly request: FastifyRequest; readonly reply: FastifyReply }
}

export type Handler<R extends RouteDefinition> = (
  request: RequestOf<R>,
) => Promise<RouteReply<R>> | RouteReply<R>

/** Handlers of a group of routes, by the same names. */
export type HandlersOf<G extends Readonly<Record<string, RouteDefinition>>> = {
  readonly [K in keyof G]: Handler<G[K]>
}

/** A route with its handler, as the HTTP server registers it. */
export interface ImplementedRoute {
  readonly route: RouteDefinition
  readonly handle: Handler<RouteDefinition>
}

/** Pairs each route of a group with its handler; a missing or surplus handler does not compile. */
export function implementRoutes<const G extends Readonly<Record<string, RouteDefinition>>>(
  group: G,
  handlers: HandlersOf<G>,
): ImplementedRoute[] {
  return Object.entries(group).map(([name, route]) => ({
    route,
    // The cast forgets which route's input the handler takes; HandlersOf has checked the pair.
    handle: handlers[name] as unknown as Handler<RouteDefinition>,
  }))
}
