// The types of calls, from the contract.
import type { RouteCall, RouteResult, routeGroups } from '@lakelet/api'

type Groups = Omit<typeof routeGroups, 'refused' | 'empty' | 'missing'>
type AnyRoute = { [G in keyof Groups]: Groups[G][keyof Groups[G]] }[keyof Groups]

export type RouteId = AnyRoute['id']
export type RouteOf<I extends RouteId> = Extract<AnyRoute, { readonly id: I }>
export type Input<I extends RouteId> = RouteCall<RouteOf<I>>
export type Result<I extends RouteId> = RouteResult<RouteOf<I>>

/** What a call is given, whatever its route. */
export interface LooseInput {
  readonly params?: object | undefined
  readonly query?: object | undefined
  readonly body?: unknown
}
