// Resource names such as `projects/p/branches/b` against the paths of routes.
import { type RouteDefinition, parseResourceName } from '@lakelet/api'
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
  const form = formOf(route, suffix)
  const meant = probablyMeant(template.split('/'), name.split('/'))
  const type = parseResourceName(name)?.type
  const what = type === undefined ? 'not a name' : `the name of a ${type}, not one`
  throw usageFailure(
    `'${name}' is ${what} of the form ${form}.${meant === undefined ? '' : ` Did you mean '${meant}'?`}`,
  )
}

/** The name with the words between the ids put right: where only the ids were given, a word is wrong, or the end is missing. */
function probablyMeant(template: readonly string[], given: readonly string[]): string | undefined {
  if (given.includes('')) return undefined
  const isId = (part: string) => part.startsWith(':')
  if (given.length === template.length) {
    return template.map((part, index) => (isId(part) ? given[index] : part)).join('/')
  }
  // The beginning of such a name: what is missing is left to the reader.
  const isBeginning = given.every((part, index) => isId(template[index] ?? '') || template[index] === part)
  if (isBeginning && given.length > 1 && given.length < template.length)
    return template.map((part, index) => given[index] ?? part.replace(/^:(.*)$/, '<$1>')).join('/')
  if (given.length !== template.filter(isId).length) return undefined
  const ids = given.values()
  return template.map((part) => (isId(part) ? ids.next().value : part)).join('/')
}

/** How a name looks that `route` takes, without `suffix`. */
export function formOf(route: RouteDefinition, suffix = ''): string {
  return route.path.slice(BASE.length, route.path.length - suffix.length).replace(/:(\w+)/g, '<$1>')
}
