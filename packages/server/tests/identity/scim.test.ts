import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OWNER, startTestWorkspace, type TestWorkspace, WORKSPACE_ID } from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())

const BASE = '/api/2.0/preview/scim/v2'
const call = (method: string, path: string, json?: unknown, token?: string) =>
  workspace.call(method, `${BASE}${path}`, { json, ...(token ? { token } : {}) })

async function newUser(name: string) {
  return (await call('POST', '/Users', { userName: name, displayName: name.split('@')[0] })).body
}

async function tokenOf(userId: string): Promise<string> {
  return (await workspace.identity.tokens.create({ id: Number(userId) })).value
}

const sorted = (...ids: readonly string[]) => ids.toSorted((a, b) => Number(a) - Number(b))
const patch = (...Operations: object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
})

describe('Me', () => {
  test('shows the calling user with its groups', async () => {
    const { status, body } = await call('GET', '/Me')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      userName: OWNER.email,
      displayName: OWNER.displayName,
      active: true,
      name: { givenName: 'Olga', familyName: 'Owner' },
      emails: [{ value: OWNER.email, type: 'work', primary: true }],
    })
    expect(body.id).toMatch(/^\d+$/)
    expect(body.groups.map((group: { display: string }) => group.display).sort()).toEqual(['admins', 'users'])
    const reply = await fetch(`${workspace.url}${BASE}/Me`, {
      headers: { authorization: `Bearer ${workspace.ownerToken}` },
    })
    expect(reply.headers.get('x-databricks-org-id')).toBe(WORKSPACE_ID)
  })

  test('attributes choose what is shown', async () => {
    const only = (await call('GET', '/Me?attributes=userName')).body
    expect(Object.keys(only).sort()).toEqual(['id', 'schemas', 'userName'])
    expect((await call('GET', '/Me?excludedAttributes=groups,entitlements')).body).not.toHaveProperty(
      'groups',
    )
  })

  test('nobody is nobody', async () => {
    for (const token of ['', 'dapi0', 'nonsense']) {
      const { status, body } = await workspace.call('GET', `${BASE}/Me`, { token })
      expect({ status, code: body.error_code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' })
    }
  })
})

describe('users', () => {
  test('create, get, replace, patch, delete', async () => {
    const made = await call('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'ada@example.com',
      name: { givenName: 'Ada', familyName: 'L' },
      entitlements: [{ value: 'workspace-access' }],
      externalId: 'x1',
    })
    expect(made.status).toBe(201)
    const { id } = made.body
    expect(made.body).toMatchObject({
      userName: 'ada@example.com',
      displayName: 'ada@example.com',
      active: true,
      externalId: 'x1',
      name: { givenName: 'Ada', familyName: 'L' },
      entitlements: [{ value: 'workspace-access' }],
    })
    expect((await call('GET', `/Users/${id}`)).body).toEqual(made.body)
    const replaced = await call('PUT', `/Users/${id}`, {
      userName: 'ada@example.com',
      displayName: 'Countess',
      active: false,
    })
    expect(replaced.body).toMatchObject({ displayName: 'Countess', active: false, entitlements: [] })
    const patched = await call(
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'Replace', path: 'active', value: 'True' }, { op: 'add', value: { displayName: 'Ada' } }),
    )
    expect(patched).toMatchObject({ status: 200, body: { active: true, displayName: 'Ada' } })
    // The Python SDK leaves a value of false out of an operation; silence would hide that nothing changed.
    const valueless = patch({ op: 'replace', path: 'active' })
    expect((await call('PATCH', `/Users/${id}`, valueless)).status).toBe(400)
    expect((await call('DELETE', `/Users/${id}`)).status).toBe(204)
    expect((await call('GET', `/Users/${id}`)).status).toBe(404)
  })

  test('a switched-off user cannot call any more', async () => {
    const user = await newUser('off@example.com')
    const token = await tokenOf(user.id)
    expect((await call('GET', '/Me', undefined, token)).status).toBe(200)
    await call('PATCH', `/Users/${user.id}`, patch({ op: 'replace', value: { active: false } }))
    expect((await call('GET', '/Me', undefined, token)).status).toBe(401)
  })

  test('errors have the SCIM shape', async () => {
    await newUser('twice@example.com')
    expect(await call('POST', '/Users', { userName: 'Twice@Example.com' })).toEqual({
      status: 409,
      body: {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        detail: 'User with name Twice@Example.com already exists.',
        status: '409',
        scimType: 'uniqueness',
      },
    })
    expect(await call('GET', '/Users/12345')).toMatchObject({ status: 404, body: { status: '404' } })
    expect(await call('GET', '/Users/not-a-number')).toMatchObject({ status: 404 })
    for (const body of [
      {},
      { userName: 'no-email' },
      { userName: 'a@b.c', active: 'maybe' },
      [],
      'x',
      null,
    ]) {
      expect(await call('POST', '/Users', body)).toMatchObject({
        status: 400,
        body: { status: '400', scimType: 'invalidValue' },
      })
    }
  })

  test('the owner stays an active admin', async () => {
    const { body: me } = await call('GET', '/Me')
    const admins = (await call('GET', '/Groups?filter=displayName eq "admins"')).body.Resources[0]
    for (const [method, path, json] of [
      ['DELETE', `/Users/${me.id}`, undefined],
      ['PATCH', `/Users/${me.id}`, patch({ op: 'replace', path: 'active', value: false })],
      ['PATCH', `/Groups/${admins.id}`, patch({ op: 'remove', path: `members[value eq "${me.id}"]` })],
      ['PUT', `/Groups/${admins.id}`, { displayName: 'admins', members: [] }],
      ['PUT', `/Groups/${admins.id}`, { displayName: 'Admins' }],
      ['DELETE', `/Groups/${admins.id}`, undefined],
    ] as const) {
      expect((await call(method, path, json)).status).toBeGreaterThanOrEqual(400)
    }
    expect((await call('GET', '/Me')).body.groups).toHaveLength(2)
  })

  test('only admins may change anything; everybody may look', async () => {
    const user = await newUser('plain@example.com')
    const token = await tokenOf(user.id)
    expect((await call('GET', '/Users', undefined, token)).status).toBe(200)
    expect(await call('POST', '/Users', { userName: 'b@example.com' }, token)).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    })
    const admins = (await call('GET', '/Groups?filter=displayName eq admins')).body.Resources[0]
    await call(
      'PATCH',
      `/Groups/${admins.id}`,
      patch({ op: 'add', path: 'members', value: [{ value: user.id }] }),
    )
    expect((await call('POST', '/Users', { userName: 'b@example.com' }, token)).status).toBe(201)
  })
})

describe('lists', () => {
  test('pages count from 1 and end with an empty one', async () => {
    for (const n of [1, 2, 3]) await newUser(`page${n}@example.com`)
    const filter = encodeURIComponent('userName sw "page"')
    const first = (await call('GET', `/Users?filter=${filter}&startIndex=1&count=2&sortBy=userName`)).body
    expect(first).toMatchObject({ totalResults: 3, startIndex: 1, itemsPerPage: 2 })
    expect(first.Resources.map((each: { userName: string }) => each.userName)).toEqual([
      'page1@example.com',
      'page2@example.com',
    ])
    const second = (await call('GET', `/Users?filter=${filter}&startIndex=3&count=2`)).body
    expect(second.Resources).toHaveLength(1)
    expect((await call('GET', `/Users?filter=${filter}&startIndex=4&count=2`)).body.Resources).toEqual([])
    const down = (await call('GET', `/Users?filter=${filter}&sortBy=userName&sortOrder=descending`)).body
    expect(down.Resources[0].userName).toBe('page3@example.com')
  })

  test.each([
    ['userName eq "FILTER@example.com"', 1],
    ['userName eq filter@example.com', 1],
    ['userName ne "filter@example.com" and userName sw "filter"', 0],
    ['userName co "ilter" and active eq true', 1],
    ['(userName eq "filter@example.com" or userName eq "nobody@x") and not (active eq false)', 1],
    ['emails.value eq "filter@example.com"', 1],
    ['emails[type eq "work" and value sw "filter"]', 1],
    ['emails[type eq "home" and value sw "filter"]', 0],
    ['name.givenName eq "filter"', 1],
    ['displayName pr and userName ew "filter@example.com"', 1],
    ['groups.display eq "admins" and userName sw "filter"', 0],
  ])('filter %s', async (filter, count) => {
    if ((await call('GET', '/Users?filter=userName eq "filter@example.com"')).body.totalResults === 0) {
      await newUser('filter@example.com')
    }
    const { status, body } = await call('GET', `/Users?filter=${encodeURIComponent(filter)}`)
    expect({ status, total: body.totalResults }).toEqual({ status: 200, total: count })
  })

  test.each([
    'userName',
    'userName eq',
    'userName xx "a"',
    '(userName eq "a"',
    'userName eq "a',
    '"x" eq "y"',
    ')',
  ])('filter %s is refused', async (filter) => {
    expect(await call('GET', `/Users?filter=${encodeURIComponent(filter)}`)).toMatchObject({
      status: 400,
      body: { status: '400' },
    })
  })
})

describe('groups', () => {
  test('members come and go by every form of PATCH', async () => {
    const [a, b, c] = await Promise.all(['ga', 'gb', 'gc'].map((name) => newUser(`${name}@example.com`)))
    const group = (await call('POST', '/Groups', { displayName: 'crew', members: [{ value: a.id }] })).body
    const path = `/Groups/${group.id}`
    const members = async () =>
      sorted(...(await call('GET', path)).body.members.map((each: { value: string }) => each.value))
    expect(await members()).toEqual([a.id])
    await call(
      'PATCH',
      path,
      patch({ op: 'add', path: 'members', value: [{ value: b.id }, { value: a.id }] }),
    )
    expect(await members()).toEqual(sorted(a.id, b.id))
    await call('PATCH', path, patch({ op: 'add', value: { members: [{ value: c.id }] } }))
    expect(await members()).toEqual(sorted(a.id, b.id, c.id))
    await call('PATCH', path, patch({ op: 'remove', path: `members[value eq "${b.id}"]` }))
    expect(await members()).toEqual(sorted(a.id, c.id))
    await call('PATCH', path, patch({ op: 'remove', path: 'members', value: [{ value: c.id }] }))
    expect(await members()).toEqual([a.id])
    await call('PATCH', path, patch({ op: 'replace', path: 'displayName', value: 'team' }))
    expect((await call('GET', path)).body.displayName).toBe('team')
    await call('PATCH', path, patch({ op: 'remove', path: 'members' }))
    expect(await members()).toEqual([])
    expect(
      (await call('PATCH', path, patch({ op: 'add', path: 'members', value: [{ value: '1' }] }))).status,
    ).toBe(400)
  })

  test('a user may be put into a group from its own side, and groups nest', async () => {
    const user = await newUser('nested@example.com')
    const inner = (await call('POST', '/Groups', { displayName: 'inner' })).body
    const outer = (await call('POST', '/Groups', { displayName: 'outer', members: [{ value: inner.id }] }))
      .body
    await call(
      'PATCH',
      `/Users/${user.id}`,
      patch({ op: 'add', path: 'groups', value: [{ value: inner.id }] }),
    )
    const caller = workspace.identity.directory.callerOf(Number(user.id))
    expect(caller?.groups.toSorted()).toEqual(['inner', 'outer', 'users'])
    const loop = await call(
      'PATCH',
      `/Groups/${inner.id}`,
      patch({ op: 'add', path: 'members', value: [{ value: outer.id }] }),
    )
    expect(loop.status).toBe(400)
    await call('DELETE', `/Groups/${inner.id}`)
    expect(workspace.identity.directory.callerOf(Number(user.id))?.groups).toEqual(['users'])
  })
})

describe('service principals', () => {
  test('create, find by application id, replace, delete', async () => {
    const { status, body } = await call('POST', '/ServicePrincipals', { displayName: 'etl' })
    expect(status).toBe(201)
    expect(body.applicationId).toMatch(/^[0-9a-f-]{36}$/)
    const found = await call('GET', `/ServicePrincipals?filter=applicationId eq ${body.applicationId}`)
    expect(found.body.Resources).toEqual([body])
    const replaced = await call('PUT', `/ServicePrincipals/${body.id}`, { displayName: 'etl2', active: true })
    expect(replaced.body).toMatchObject({ displayName: 'etl2', applicationId: body.applicationId })
    expect((await call('GET', `/Users/${body.id}`)).status).toBe(404)
    expect((await call('DELETE', `/ServicePrincipals/${body.id}`)).status).toBe(204)
  })
})

test('changes are announced, with everybody who may own a Postgres role', async () => {
  let calls = 0
  const end = workspace.identity.directory.onChange(() => void calls++)
  const user = await newUser('announced@example.com')
  expect(calls).toBe(1)
  expect(workspace.identity.directory.identities()).toContainEqual({
    id: Number(user.id),
    name: 'announced@example.com',
    type: 'USER',
  })
  await call('DELETE', `/Users/${user.id}`)
  expect(calls).toBe(2)
  end()
})
