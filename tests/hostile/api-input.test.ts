// What clients send that no field may hold, and what they ask for to learn what is hidden from them.
import { createHash } from 'node:crypto'
import { allRoutes } from '@lakelet/api'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Principal, startSystem, type System } from './api-system.ts'

describe('hostile input', () => {
  let system: System
  let stranger: Principal
  beforeAll(async () => {
    system = await startSystem()
    stranger = await system.addPrincipal('stranger')
  })
  afterAll(() => system[Symbol.asyncDispose]())

  const bad = [
    ['a zero byte', 'a\0b'],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', '\udc00'],
  ] as const

  test.each(bad)('%s is refused wherever it stands', async (_what, text) => {
    const requests = [
      ['POST', '/api/2.0/postgres/projects?project_id=names', { spec: { display_name: text } }],
      [
        'POST',
        '/api/2.0/postgres/projects?project_id=names',
        { spec: { custom_tags: [{ key: text, value: 'x' }] } },
      ],
      ['POST', '/api/2.0/postgres/projects?project_id=names', { spec: { budget_policy_id: text } }],
      [
        'POST',
        '/api/2.0/postgres/projects/shop/branches/production/roles',
        { spec: { postgres_role: text } },
      ],
      ['PATCH', '/api/2.0/postgres/projects/shop?update_mask=*', { spec: { default_branch: text } }],
      ['POST', '/api/2.0/preview/scim/v2/Users', { userName: 'x@example.com', displayName: text }],
      ['POST', '/api/2.0/preview/scim/v2/Groups', { displayName: text }],
      ['PATCH', '/api/2.0/preview/scim/v2/Users/1', { Operations: [{ op: 'add', path: 'x', value: text }] }],
      ['POST', '/api/2.0/apps', { name: 'an-app', description: text }],
      ['POST', '/api/2.0/workspace/mkdirs', { path: `/Shared/${text}` }],
      ['POST', '/api/2.0/workspace/import', { path: `/Shared/${text}`, content: '' }],
      ['POST', '/api/2.0/token/create', { comment: text }],
      [
        'PUT',
        '/api/2.0/permissions/database-projects/shop',
        { access_control_list: [{ user_name: text, permission_level: 'CAN_USE' }] },
      ],
      ['POST', '/api/2.0/postgres/credentials', { endpoint: text }],
      ['POST', '/api/2.0/lakelet/sign-in-links', { next: text }],
    ] as const
    for (const [method, url, body] of requests) {
      const { status, body: reply } = await system.send(method, url, body)
      expect([url, status, reply['error_code'] ?? reply['status']]).toEqual([url, 400, expect.anything()])
    }
  })

  test('a zero byte in a path or a query is refused', async () => {
    for (const url of [
      '/api/2.0/postgres/projects/a%00b',
      '/api/2.0/postgres/projects?page_token=%00',
      '/api/2.0/workspace/get-status?path=/Shared/%00',
      '/api/2.0/preview/scim/v2/Users?filter=userName%20eq%20%22%00%22',
      '/api/2.0/workspace-files/Shared/%00',
    ]) {
      expect([url, (await system.send('GET', url)).status]).toEqual([url, 400])
    }
  })

  test('control characters are no part of a name', async () => {
    const roles = '/api/2.0/postgres/projects/shop/branches/production/roles'
    for (const name of ['two\nlines', 'a\tb', '\u001b[31m', 'del\u007f']) {
      const replies = [
        await system.send('POST', roles, { spec: { postgres_role: name } }),
        await system.send('POST', '/api/2.0/postgres/projects?project_id=named', {
          spec: { display_name: name },
        }),
        await system.send('POST', '/api/2.0/postgres/projects?project_id=named', {
          initial_database_spec: { postgres_database: name },
        }),
        await system.send('POST', '/api/2.0/preview/scim/v2/Users', {
          userName: 'y@example.com',
          displayName: name,
        }),
      ]
      expect(replies.map(({ status }) => status)).toEqual([400, 400, 400, 400])
    }
  })

  test('nesting, prototypes, doubled keys and numbers out of range are answered, never a fault', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    const bodies = [
      deep,
      `{"spec":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '{"__proto__":{"isAdmin":true}}',
      '{"spec":{"__proto__":{"display_name":"x"}}}',
      '{"constructor":{"prototype":{"x":1}}}',
      '{"spec":{"display_name":"a","display_name":"b"}}',
      '{"spec":{"pg_version":1e999}}',
      '{"spec":{"default_endpoint_settings":{"autoscaling_limit_min_cu":-0}}}',
      '{"spec":{"default_endpoint_settings":{"suspend_timeout_duration":"999999999999s"}}}',
    ]
    for (const route of allRoutes.filter(({ body }) => body !== undefined && body !== 'raw')) {
      for (const body of bodies) {
        const url = route.path.replace(/:\w+/g, 'none')
        const { status } = await system.send(route.method, url, body)
        expect([route.id, body.slice(0, 60), status >= 500 && status !== 501]).toEqual([
          route.id,
          body.slice(0, 60),
          false,
        ])
      }
    }
    expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
  })

  test('any text in any place of any route is answered', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '\0',
        '\ud800',
        '__proto__',
        '../..',
        'x'.repeat(5000),
        '1e999',
        '-1',
        'NaN',
        'true',
        '%',
      ),
    )
    const routes = allRoutes.filter(({ id }) => !id.startsWith('platform.'))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(routes.length - 1),
        texts,
        texts,
        fc.jsonValue(),
        async (index, one, two, json) => {
          const route = routes[index]!
          const path = route.path.replace(/:\w+/g, () => encodeURIComponent(one.toWellFormed()))
          const names = Object.keys(route.query?.shape ?? {})
          const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, two]))).toString()
          const { status } = await system.send(
            route.method,
            `${path.replace('*', 'x')}?${query}`,
            route.body === undefined ? undefined : JSON.stringify(json),
          )
          expect([route.id, status >= 500 && status !== 501]).toEqual([route.id, false])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a hidden project and an absent one answer alike', async () => {
    const shape = (reply: { status: number; body: Record<string, unknown> }, name: string) =>
      JSON.stringify([reply.status, reply.body])
        .replaceAll(name, '<name>')
        .replace(/TraceId: [0-9a-f]+/, 'TraceId')
    const ask = async (project: string) => {
      const endpoint = `projects/${project}/branches/production/endpoints/primary`
      const token = stranger.token
      const replies = [
        await system.send('POST', '/api/2.0/postgres/credentials', { endpoint }, token),
        await system.send('GET', `/api/2.0/postgres/projects/${project}`, undefined, token),
        await system.send(
          'GET',
          `/api/2.0/postgres/projects/${project}/branches/production/roles`,
          undefined,
          token,
        ),
        await system.send('GET', `/api/2.0/permissions/database-projects/${project}`, undefined, token),
        await system.send('PATCH', `/api/2.0/permissions/database-projects/${project}`, {}, token),
        await system.send('DELETE', `/api/2.0/postgres/projects/${project}`, undefined, token),
        await system.send('POST', `/api/2.0/postgres/projects/${project}/undelete`, {}, token),
        await system.send(
          'POST',
          '/api/2.0/apps',
          {
            name: `probe-${createHash('md5').update(project).digest('hex').slice(0, 6)}`,
            resources: [{ name: 'db', postgres: { branch: `projects/${project}/branches/production` } }],
          },
          token,
        ),
      ]
      return replies.map((reply) => shape(reply, project))
    }
    expect(await ask('shop')).toEqual(await ask('nowhere'))
  })

  test('who has a role in the branch, and nothing else, gets credentials for it', async () => {
    const endpoint = 'projects/shop/branches/production/endpoints/primary'
    const asked = () => system.send('POST', '/api/2.0/postgres/credentials', { endpoint }, stranger.token)
    expect((await asked()).status).toBe(404)
    const role = { postgres_role: stranger.applicationId, identity_type: 'SERVICE_PRINCIPAL' }
    const roles = '/api/2.0/postgres/projects/shop/branches/production/roles'
    await system.done(await system.send('POST', `${roles}?role_id=stranger`, { spec: role }))
    expect((await asked()).status).toBe(200)
  })

  test('members that are added to a group at the same time all stay', async () => {
    const created = await system.send('POST', '/api/2.0/preview/scim/v2/Groups', { displayName: 'crowd' })
    const group = `/api/2.0/preview/scim/v2/Groups/${String(created.body['id'])}`
    const members = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => system.addPrincipal(name)))
    await Promise.all(
      members.map(({ id }) =>
        system.send('PATCH', group, { Operations: [{ op: 'add', path: 'members', value: [{ value: id }] }] }),
      ),
    )
    const { body } = await system.send('GET', group)
    const ids = (body['members'] as { value: string }[]).map(({ value }) => value)
    expect(ids.toSorted()).toEqual(members.map(({ id }) => id).toSorted())
  })

  test('fields of an endpoint that are changed one after the other at full speed all stay', async () => {
    const endpoint = '/api/2.0/postgres/projects/shop/branches/production/endpoints/primary'
    const change = async (mask: string, spec: object) => {
      for (;;) {
        const reply = await system.send('PATCH', `${endpoint}?update_mask=${mask}`, { spec })
        if (reply.status !== 409) return system.done(reply)
      }
    }
    for (let round = 1; round <= 3; round += 1) {
      const seconds = `${round * 100}s`
      const memory = `${round}MB`
      await Promise.all([
        change('spec.suspend_timeout_duration', { suspend_timeout_duration: seconds }),
        change('spec.settings.pg_settings', { settings: { pg_settings: { work_mem: memory } } }),
      ])
      const { status } = (await system.send('GET', endpoint)).body as { status: Record<string, unknown> }
      expect(status).toMatchObject({
        suspend_timeout_duration: seconds,
        settings: { pg_settings: { work_mem: memory } },
      })
    }
  })
})
