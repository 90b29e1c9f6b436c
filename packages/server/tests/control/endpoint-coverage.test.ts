// Fails when a route has no test. A test names a route by its entry in the table (`projectRoutes.getProject`, or all of a
// group at once by `Object.values(emptyRoutes)`) or by the last fixed word of its path. Tests that go over the whole table do not
// count: they know nothing of what a route is for.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import * as api from '@lakelet/api'
import { expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../../..')
const overTheTable = ['endpoint-coverage.test.ts', 'permission-matrix.test.ts', 'hostile-input.test.ts']

const tests = ['packages', 'tests']
  .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.(ts|tsx|py)$/.test(entry.name))
  .filter((entry) => !overTheTable.includes(entry.name) && !/[\\/]node_modules/.test(entry.parentPath))
  .map((entry) => path.join(entry.parentPath, entry.name))
  .filter((file) => /\.test\.tsx?$/.test(file) || /[\\/]tests[\\/]/.test(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')

const groups: readonly (readonly [variable: string, group: object])[] = Object.entries(api).flatMap(
  ([name, value]) => {
    const isGroup = Object.values<object>(api.routeGroups).includes(value as object)
    return isGroup ? [[name, value as object] as const] : []
  },
)

function isNamed(group: object, key: string): boolean {
  const variable = groups.find(([, each]) => each === group)?.[0] ?? ''
  return (
    new RegExp(`\\b${variable}\\.${key}\\b`).test(tests) ||
    (variable !== '' && tests.includes(`Object.values(${variable})`))
  )
}

/** Whether a test writes the last fixed word of the path, as part of a URL or as an argument of its own. */
function isCalled({ path: route }: api.RouteDefinition): boolean {
  const last = route.split('/').findLast((segment) => !segment.startsWith(':') && segment !== '*') ?? ''
  return new RegExp(`[/'"\`]${last.replaceAll('.', '\\.')}(?![\\w-])`).test(tests)
}

const routes = Object.values<Readonly<Record<string, api.RouteDefinition>>>(api.routeGroups).flatMap(
  (group) => Object.entries(group).map(([key, route]) => [route.id, group, key, route] as const),
)

test.each(routes)('%s has a test', (_id, group, key, route) => {
  const isTested = isNamed(group, key) || isCalled(route)
  expect({ route: `${route.method} ${route.path}`, isTested }).toHaveProperty('isTested', true)
})
