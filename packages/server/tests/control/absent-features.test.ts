// Parts of the API that a workspace does not have: lists are empty, writes are refused by name, items are not found, and
// whatever is above them in the path is looked for first.
import { emptyRoutes, missingRoutes, refusedRoutes, type RouteDefinition } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlWorkspace, createProject, send, startFreshControl } from './control-workspace.ts'

describe('absent features', () => {
  let workspace: ControlWorkspace
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'base')
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const call = (route: RouteDefinition, project = 'base') =>
    send(
      workspace,
      route.method,
      route.path
        .replace(':project', project)
        .replace(':branch', 'production')
        .replace(/:(\w+)/g, 'some-$1'),
      route.body === undefined ? {} : { body: {} },
    )

  test.each(Object.values(refusedRoutes).map((route) => [route.id, route] as const))(
    '%s is refused',
    async (_id, route) => {
      const { status, body } = await call(route)
      const isLater = route.refusal.code === 'not_implemented'
      expect({ status, code: body['error_code'] }).toEqual(
        isLater ? { status: 501, code: 'NOT_IMPLEMENTED' } : { status: 400, code: 'FEATURE_DISABLED' },
      )
      expect(body['message']).toContain(route.refusal.feature)
    },
  )

  test.each(Object.values(emptyRoutes).map((route) => [route.id, route] as const))(
    '%s is empty',
    async (_id, route) => {
      expect(await call(route)).toMatchObject({ status: 200, body: {} })
    },
  )

  test.each(Object.values(missingRoutes).map((route) => [route.id, route] as const))(
    '%s is not found',
    async (_id, route) => {
      const { status, body } = await call(route)
      expect({ status, code: body['error_code'] }).toEqual({ status: 404, code: 'NOT_FOUND' })
      expect(body['message']).toMatch(new RegExp(`^${route.missingType} id not found \\[TraceId: `))
    },
  )

  const below = [refusedRoutes, emptyRoutes, missingRoutes]
    .flatMap((group) => Object.values<RouteDefinition>(group))
    .filter((route) => route.path.includes(':project'))
  test.each(below.map((route) => [route.id, route] as const))(
    '%s reports a missing project first',
    async (_id, route) => {
      const { status, body } = await call(route, 'absent')
      expect(status).toBe(404)
      expect(body['message']).toMatch(/^project id not found/)
    },
  )
})
