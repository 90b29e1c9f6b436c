// Every route of the table × everybody who may call, against a real workspace with the real handlers: what the table says about
// permissions is what happens. Requests are such that a handler that is reached refuses or answers without taking away what the
// other rows need. Below: requests whose permission follows what they do, such as an upsert that replaces.
import { allRoutes, type RouteDefinition } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSystem, type System, type SystemReply } from '../../../../tests/hostile/api-system.ts'

// What goes over the whole table does not count as a test of a route (tools/record-calls.mjs).
Object.assign(globalThis, { lakeletCallsDoNotCount: true })

const callers = [
  'object owner',
  'admin',
  'CAN_MANAGE',
  'CAN_USE',
  'nobody special',
  'no token',
  'revoked token',
] as const
type Name = (typeof callers)[number]

type Outcome = 'reached' | 'unauthenticated' | 'denied' | 'hidden'

const PROJECT = 'thing'
const APP = 'thing'
const PROJECTS = '/api/2.0/postgres/projects'
const BRANCH = `${PROJECTS}/${PROJECT}/branches/production`
const ENDPOINT = `projects/${PROJECT}/branches/production/endpoints/primary`

/** Services that decide by themselves: their rules. The others let every principal in. */
const onObject = (who: Name, level: 'CAN_USE' | 'CAN_MANAGE'): Outcome =>
  who === 'nobody special' ? 'hidden' : who === 'CAN_USE' && level === 'CAN_MANAGE' ? 'denied' : 'reached'
const rules: Readonly<Record<string, (who: Name) => Outcome>> = {
  'permissions.get': (who) => onObject(who, 'CAN_USE'),
  'permissions.levels': (who) => onObject(who, 'CAN_USE'),
  'permissions.set': (who) => onObject(who, 'CAN_MANAGE'),
  'permissions.update': (who) => onObject(who, 'CAN_MANAGE'),
  'credentials.generate': (who) => onObject(who, 'CAN_USE'),
  ...Object.fromEntries(
    ['Project', 'Branch', 'Endpoint', 'Database', 'Role', 'Snapshot', 'SnapshotSchedule'].map((type) => [
      `postgres.get${type}Operation`,
      (who: Name) => onObject(who, 'CAN_USE'),
    ]),
  ),
  // Only people sign browsers in, and all but the admin are programs here.
  'signIn.createLink': (who) => (who === 'admin' ? 'reached' : 'denied'),
}

/** What the table promises. */
function expected({ id, permission }: RouteDefinition, who: Name): Outcome {
  if (permission.kind === 'public') return 'reached'
  if (who === 'no token' || who === 'revoked token') return 'unauthenticated'
  if (permission.kind === 'admin') return who === 'admin' ? 'reached' : 'denied'
  if (permission.kind === 'object') return onObject(who, permission.level)
  return rules[id]?.(who) ?? 'reached'
}

describe('the permission matrix', () => {
  let system: System
  const tokens = new Map<Name, string | null>()
  /** The id of an operation by the route that polls it. */
  const operations = new Map<string, string>()
  const ids: Record<'manager' | 'user' | 'userApplication' | 'ownerRole' | 'adminToken', string> = {
    manager: '',
    user: '',
    userApplication: '',
    ownerRole: '',
    adminToken: '',
  }

  beforeAll(async () => {
    system = await startSystem()
    const owner = await system.addPrincipal('owner')
    const manager = await system.addPrincipal('manager')
    const user = await system.addPrincipal('user')
    const other = await system.addPrincipal('other')
    const revoked = await system.send('POST', '/api/2.0/token/create', {})
    const { token_value: dead, token_info: info } = revoked.body as {
      token_value: string
      token_info: { token_id: string }
    }
    await system.send('POST', '/api/2.0/token/delete', { token_id: info.token_id })
    const living = await system.send('POST', '/api/2.0/token/create', {})
    ids.adminToken = (living.body['token_info'] as { token_id: string }).token_id
    ids.manager = manager.applicationId
    ids.user = user.id
    ids.userApplication = user.applicationId
    tokens.set('object owner', owner.token)
    tokens.set('admin', system.workspace.token)
    tokens.set('CAN_MANAGE', manager.token)
    tokens.set('CAN_USE', user.token)
    tokens.set('nobody special', other.token)
    tokens.set('no token', null)
    tokens.set('revoked token', dead)
    const made = await system.send(
      'POST',
      `${PROJECTS}?project_id=${PROJECT}`,
      { initial_branch_spec: { is_protected: true } },
      owner.token,
    )
    await noteOperation('Project', made, owner.token)
    const { roles } = (await system.send('GET', `${BRANCH}/roles`)).body as { roles: { role_id: string }[] }
    ids.ownerRole = roles[0]?.role_id ?? ''
    const changed = {
      Branch: BRANCH,
      Endpoint: `/api/2.0/postgres/${ENDPOINT}`,
      Database: `${BRANCH}/databases/databricks-postgres`,
      Role: `${BRANCH}/roles/${ids.ownerRole}`,
      SnapshotSchedule: `${BRANCH}/snapshot-schedule`,
    }
    for (const [type, url] of Object.entries(changed)) {
      await noteOperation(type, await system.send('PATCH', url, {}, owner.token), owner.token)
    }
    const taken = await system.send(
      'POST',
      `${PROJECTS}/${PROJECT}/snapshots?snapshot_id=one`,
      { spec: { source_branch: `projects/${PROJECT}/branches/production` } },
      owner.token,
    )
    await noteOperation('Snapshot', taken, owner.token)
    await makeApp(APP, owner.token)
    await share(`database-projects/${PROJECT}`)
    await share(`apps/${APP}`)
  })
  afterAll(() => system[Symbol.asyncDispose]())

  const noteOperation = async (type: string, started: SystemReply, token: string) => {
    operations.set(`postgres.get${type}Operation`, String(started.body['name']).split('/').at(-1) ?? '')
    await system.done(started, token)
  }
  const grants = () => ({
    access_control_list: [
      { service_principal_name: ids.manager, permission_level: 'CAN_MANAGE' },
      { service_principal_name: ids.userApplication, permission_level: 'CAN_USE' },
    ],
  })
  const share = async (object: string) => {
    const { status } = await system.send('PATCH', `/api/2.0/permissions/${object}`, grants())
    expect([object, status]).toEqual([object, 200])
  }
  const makeApp = async (name: string, token: string) => {
    const { status, body } = await system.send('POST', '/api/2.0/apps?no_compute=true', { name }, token)
    expect([status, body]).toEqual([200, expect.objectContaining({ name })])
  }
  const as = (who: Name) => tokens.get(who) ?? null

  /** What a request needs so that its handler, once reached, does no harm. */
  const bodies: Readonly<Record<string, () => unknown>> = {
    // An empty list would take everybody's grants away.
    'permissions.set': grants,
    'credentials.generate': () => ({ endpoint: ENDPOINT }),
    'signIn.createLink': () => ({}),
  }
  const absent = new Set(['postgres.deleteRole', 'postgres.deleteDatabase'])
  const params: Readonly<Record<string, string>> = {
    project: PROJECT,
    branch: 'production',
    endpoint: 'primary',
    database: 'databricks-postgres',
    name: APP,
    object_type: 'database-projects',
    object_id: PROJECT,
    path: 'Shared%2Fnone',
  }

  function urlOf({ id, path }: RouteDefinition): string {
    const values: Record<string, string> = {
      ...params,
      operation: operations.get(id) ?? '',
      role: ids.ownerRole,
    }
    const last = absent.has(id) ? { role: 'none-such', database: 'none-such' } : {}
    const known: Record<string, string> = { ...values, ...last }
    return path
      .replace(/:(\w+)/g, (_, name: string) => known[name] ?? 'none')
      .replace('*', params['path'] ?? '')
  }

  async function outcomeOf(route: RouteDefinition, who: Name): Promise<Outcome> {
    const url = route.id === 'apps.delete' ? await deletable(who) : urlOf(route)
    const body = route.body === undefined ? undefined : (bodies[route.id]?.() ?? {})
    const { status, body: reply } = await system.send(route.method, url, body, as(who))
    if (status === 401) return 'unauthenticated'
    if (status === 403) return 'denied'
    // An error of the server would be no proof that the handler let this caller in.
    expect([route.id, who, status, status < 500 || status === 501]).toEqual([route.id, who, status, true])
    const isHidden =
      status === 404 && /^(project|app|endpoint|operation) id not found/.test(String(reply['message']))
    return isHidden ? 'hidden' : 'reached'
  }

  /** Of an app only one caller can see the end. */
  async function deletable(who: Name): Promise<string> {
    const name = `thing-${callers.indexOf(who)}`
    await makeApp(name, as('object owner') ?? '')
    await share(`apps/${name}`)
    return `/api/2.0/apps/${name}`
  }

  test.each(allRoutes.map((route) => [`${route.id} (${permissionOf(route)})`, route] as const))(
    '%s',
    async (_name, route) => {
      const outcomes: Record<string, Outcome> = {}
      // Those who are let in come last, as what they do may be seen by the others.
      for (const who of callers.toReversed()) outcomes[who] = await outcomeOf(route, who)
      expect(outcomes).toEqual(Object.fromEntries(callers.map((who) => [who, expected(route, who)])))
    },
  )

  /** Requests that do more than the level of their route says, on things that are there; each must change nothing when denied. */
  const upserts: readonly (readonly [string, () => readonly [string, string, unknown], Outcome])[] = [
    [
      'replace a role',
      () => [
        'POST',
        `${BRANCH}/roles?role_id=${ids.ownerRole}&replace_existing=true`,
        { spec: { postgres_role: 'any' } },
      ],
      'denied',
    ],
    [
      'replace a role by PATCH',
      () => [
        'PATCH',
        `${BRANCH}/roles?role_id=${ids.ownerRole}&replace_existing=true`,
        { spec: { postgres_role: 'any' } },
      ],
      'denied',
    ],
    [
      'change a role',
      () => [
        'PATCH',
        `${BRANCH}/roles/${ids.ownerRole}?update_mask=spec.attributes.createdb`,
        { spec: { attributes: { createdb: false } } },
      ],
      'denied',
    ],
    [
      'create a role that is a superuser',
      () => [
        'POST',
        `${BRANCH}/roles?role_id=super-user`,
        { spec: { postgres_role: 'super_user', membership_roles: ['DATABRICKS_SUPERUSER'] } },
      ],
      'denied',
    ],
    [
      'create a role that creates roles',
      () => [
        'POST',
        `${BRANCH}/roles?role_id=role-maker`,
        { spec: { postgres_role: 'role_maker', attributes: { createrole: true } } },
      ],
      'denied',
    ],
    [
      'replace a database by its id',
      () => [
        'POST',
        `${BRANCH}/databases?database_id=databricks-postgres&replace_existing=true`,
        { spec: { postgres_database: 'taken_over' } },
      ],
      'denied',
    ],
    [
      'replace a database by its name',
      () => [
        'POST',
        `${BRANCH}/databases?replace_existing=true`,
        { spec: { postgres_database: 'databricks_postgres', role: roleName(ids.ownerRole) } },
      ],
      'denied',
    ],
    [
      'create a database of another one’s role',
      () => ['POST', `${BRANCH}/databases?database_id=foreign`, { spec: { role: roleName(ids.ownerRole) } }],
      'denied',
    ],
    [
      'replace a branch',
      () => [
        'POST',
        `${PROJECTS}/${PROJECT}/branches?branch_id=production&replace_existing=true`,
        { spec: { is_protected: false } },
      ],
      'denied',
    ],
    [
      'replace an endpoint',
      () => [
        'POST',
        `${BRANCH}/endpoints?endpoint_id=primary&replace_existing=true`,
        { spec: { endpoint_type: 'ENDPOINT_TYPE_READ_WRITE', disabled: true } },
      ],
      'denied',
    ],
    [
      'choose the default branch',
      () => [
        'PATCH',
        `${PROJECTS}/${PROJECT}?update_mask=spec.default_branch`,
        { spec: { default_branch: `projects/${PROJECT}/branches/production` } },
      ],
      'denied',
    ],
    [
      'give itself more on the project',
      () => [
        'PATCH',
        `/api/2.0/permissions/database-projects/${PROJECT}`,
        {
          access_control_list: [
            { service_principal_name: ids.userApplication, permission_level: 'CAN_MANAGE' },
          ],
        },
      ],
      'denied',
    ],
    [
      'attach the project to an app of its own',
      () => [
        'POST',
        '/api/2.0/apps?no_compute=true',
        {
          name: 'grabber',
          resources: [{ name: 'db', postgres: { branch: `projects/${PROJECT}/branches/production` } }],
        },
      ],
      'denied',
    ],
    [
      'attach the project to a shared app',
      () => [
        'PATCH',
        `/api/2.0/apps/${APP}`,
        { resources: [{ name: 'db', postgres: { branch: `projects/${PROJECT}/branches/production` } }] },
      ],
      'denied',
    ],
    [
      'replace itself in the directory',
      () => [
        'PUT',
        `/api/2.0/preview/scim/v2/ServicePrincipals/${ids.user}`,
        { displayName: 'user', groups: [{ value: '1' }] },
      ],
      'denied',
    ],
    [
      'make a secret of another one',
      () => ['POST', `/api/2.0/accounts/servicePrincipals/${ids.user}/credentials/secrets`, {}],
      'denied',
    ],
    [
      'overwrite a file in a home of another one',
      () => [
        'POST',
        '/api/2.0/workspace/import',
        { path: '/Users/jane.doe@example.com/x', content: '', overwrite: true },
      ],
      'denied',
    ],
    [
      'create a role without privileges',
      () => ['POST', `${BRANCH}/roles?role_id=plain-role`, { spec: { postgres_role: 'plain_role' } }],
      'reached',
    ],
    [
      'create a database of a role it made',
      () => ['POST', `${BRANCH}/databases?database_id=plain`, { spec: { role: roleName('plain-role') } }],
      'reached',
    ],
  ]

  const roleName = (id: string) => `projects/${PROJECT}/branches/production/roles/${id}`
  const shown = async () => {
    const urls = [`${BRANCH}/roles/${ids.ownerRole}`, `${BRANCH}/databases/databricks-postgres`, BRANCH]
    const replies = await Promise.all(urls.map((url) => system.send('GET', url)))
    const endpoint = await system.send('GET', `/api/2.0/postgres/${ENDPOINT}`)
    const { settings, disabled } = endpoint.body['status'] as Record<string, unknown>
    // The size is measured from time to time.
    const states = replies.map(({ body }) => ({ ...(body['status'] as object), logical_size_bytes: 0 }))
    return [...states, { settings, disabled }]
  }

  test.each(upserts)('who has CAN_USE: %s', async (_what, request, outcome) => {
    const before = await shown()
    const [method, url, body] = request()
    const reply = await send(method, url, body, as('CAN_USE'))
    expect([reply.status, reply.body]).toEqual([outcome === 'denied' ? 403 : 200, expect.anything()])
    if (outcome === 'reached') await system.done(reply, as('CAN_USE') ?? '')
    expect(await shown()).toEqual(before)
  })

  test('who has CAN_USE: change a token of another one', async () => {
    const body = { token: { comment: 'mine' }, update_mask: 'comment' }
    const { status } = await system.send('PATCH', `/api/2.0/token/${ids.adminToken}`, body, as('CAN_USE'))
    expect(status).toBe(404)
  })

  test('who has CAN_MANAGE replaces roles and databases, and gives databases to others', async () => {
    const manager = as('CAN_MANAGE')
    const replace = `${BRANCH}/roles?role_id=plain-role&replace_existing=true`
    const role = { spec: { postgres_role: 'plain_role', attributes: { createdb: true } } }
    expect(await system.done(await send('POST', replace, role, manager), manager ?? '')).toMatchObject({
      status: { attributes: { createdb: true } },
    })
    const give = `${BRANCH}/databases?database_id=given`
    const given = await send('POST', give, { spec: { role: roleName('plain-role') } }, manager)
    expect(await system.done(given, manager ?? '')).toMatchObject({
      status: { role: roleName('plain-role') },
    })
  })

  /** A request that waits its turn: a change by an earlier row may still be under way. */
  async function send(method: string, url: string, body: unknown, token: string | null) {
    for (;;) {
      const reply = await system.send(method, url, body, token)
      if (reply.status !== 409) return reply
    }
  }
})

function permissionOf({ permission }: RouteDefinition): string {
  return permission.kind === 'object' ? `${permission.level} on ${permission.type}` : permission.kind
}
