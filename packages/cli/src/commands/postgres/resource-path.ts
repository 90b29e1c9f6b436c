// Resource names such as `projects/p/branches/b` against the paths of routes.
import type { RouteDefinition } from '@lakelet/api'
import { usageFailure } from '../../command/failure.ts'

const BASE = '/api/2.0/postgres/'

/** The parameters that make `route` stand for `${name}${suffix}`, or undefined where the name has another form. */
export function matchName(
  route: RouteDefinition,
  name: string,
  suffix = '',
): Readonly<Record<string, string>> | undefined {
  const template = route.path.slice(BASE.length).split('/')
  const segments = `${name}${suffix}`.split('/')
  if (segments.length !== template.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? ''
    if (segment === '') return undefined
    if (part.startsWith(':')) params[part.slice(1)] = segment
    else if (part !== segment) return undefined
  }
  return params
}

/** Like matchName; fails with the form that is expected. */
export function paramsOf(
  route: RouteDefinition,
  name: string,
  suffix = '',
): Readonly<Record<string, string>> {
  const params = matchName(route, name, suffix)
  if (params) return params
  const template = route.path.slice(BASE.length, route.path.length - suffix.length)
  const form = template.replace(/:(\w+)/g, '<$1>')
  throw usageFailure(`'${name}' is not a name of the form ${form}.`)
}
