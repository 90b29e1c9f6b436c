// Which routes of the contract no test has called. Servers record what they answered (record-calls.mjs); a route counts when it was answered
// with success at least once, or, where it exists to refuse, with its refusal.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { allRoutes, type RouteDefinition, routeGroups } from '../packages/api/src/index.ts'

/** One answer of a server. */
export interface Answer {
  readonly method: string
  readonly route: string
  readonly status: number
}

/** Everything that the processes of a test run noted below `directory`. */
export function readAnswers(directory: string): Answer[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).flatMap((name) =>
    readFileSync(path.join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [method = '', route = '', status = ''] = line.split(' ')
        return { method, route, status: Number(status) }
      }),
  )
}

/** `GET /path` of each route that was never answered as it is meant to be. */
export function uncalledRoutes(answers: readonly Answer[]): string[] {
  const called = new Set(answers.filter(isMeant).map(({ method, route }) => `${method} ${route}`))
  return allRoutes.map((each) => `${each.method} ${each.path}`).filter((name) => !called.has(name))
}

/** Routes that exist to refuse, with the words of the real service. */
const refusing = new Set<RouteDefinition>([
  ...Object.values<RouteDefinition>(routeGroups.refused),
  ...Object.values<RouteDefinition>(routeGroups.missing),
  ...Object.values<RouteDefinition>(routeGroups.refusedServices),
  ...Object.values<RouteDefinition>(routeGroups.metastore),
  routeGroups.apps.updateThumbnail,
  routeGroups.apps.deleteThumbnail,
  // The read-write endpoint goes with its branch, and there is no other yet.
  routeGroups.endpoints.deleteEndpoint,
])

function isMeant({ method, route, status }: Answer): boolean {
  if (status < 400) return true
  const found = allRoutes.find((each) => each.method === method && each.path === route)
  return found !== undefined && refusing.has(found) && status !== 401 && status < 500
}
