import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Principal } from '../../src/identity/directory.ts'
import { OWNER, startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

let workspace: TestWorkspace
const people = new Map<string, { readonly principal: Principal; readonly token: string }>()

beforeAll(async () => {
  workspace = await startTestWorkspace()
  for (const name of ['creator', 'user', 'manager', 'member', 'stranger']) {
    const principal = await workspace.identity.directory.create('user', `${name}@example.com`)
    const { value } = await workspace.identity.tokens.create(principal)
    people.set(name, { principal, token: value })
  }
  const robot = await workspace.identity.directory.createServicePrincipal('robot')
  people.set('robot', { principal: robot, token: (await workspace.identity.tokens.create(robot)).value })
  await workspace.identity.directory.create('group', 'crew', { members: [person('member').principal] })
})
afterAll(() => workspace[Symbol.asyncDispose]())
beforeEach(async () => {
  workspace.objects.clear()
  const project = { id: 'uid-1', ownerId: person('creator').principal.id }
  workspace.objects.set('project db', project).set('project uid-1', project)
  await workspace.identity.permissions.forget('project', 'uid-1')
})

function person(name: string) {
  const found = people.get(name)
  if (!found) throw new Error(name)
  return found
}

const PATH = '/api/2.0/permissions/database-projects/db'
const as = (name: string) => ({ token: name === 'admin' ? workspace.ownerToken : person(name).token })
const grant = (json: object, name = 'creator', method = 'PATCH') =>
  workspace.call(method, PATH, { ...as(name), json: { access_control_list: [json] } })

async function answers(name: string) {
  const { identity } = workspace
  const caller = identity.authenticator.authenticate(as(name).token)
  if (!caller) throw new Error(name)
  const ask = (level: 'CAN_USE' | 'CAN_MANAGE') =>
    identity.permissions.authorize(caller, { type: 'project', id: 'db' }, level)
  return `${await ask('CAN_USE')} ${await ask('CAN_MANAGE')}`
}

describe('who may what', () => {
  test('owner and admins everything, strangers do not even see it', async () => {
    expect(await answers('creator')).toBe('allowed allowed')
    expect(await answers('admin')).toBe('allowed allowed')
    expect(await answers('stranger')).toBe('hidden hidden')
    expect(await answers('robot')).toBe('hidden hidden')
  })

  test('grants to users, groups, service principals and everybody', async () => {
    await grant({ user_name: 'user@example.com', permission_level: 'CAN_USE' })
    await grant({ user_name: 'manager@example.com', permission_level: 'CAN_MANAGE' })
    await grant({ group_name: 'crew', permission_level: 'CAN_USE' })
    await grant({ service_principal_name: person('robot').principal.name, permission_level: 'CAN_USE' })
    expect(await answers('user')).toBe('allowed denied')
    expect(await answers('manager')).toBe('allowed allowed')
    expect(await answers('member')).toBe('allowed denied')
    expect(await answers('robot')).toBe('allowed denied')
    expect(await answers('stranger')).toBe('hidden hidden')
    await grant({ group_name: 'users', permission_level: 'CAN_USE' })
    expect(await answers('stranger')).toBe('allowed denied')
  })

  test('PUT replaces the list, PATCH adds to it, both by name and uid', async () => {
    await grant({ user_name: 'user@example.com', permission_level: 'CAN_USE' })
    await workspace.call('PATCH', '/api/2.0/permissions/database-projects/uid-1', {
      ...as('creator'),
      json: { access_control_list: [{ group_name: 'crew', permission_level: 'CAN_USE' }] },
    })
    expect(await answers('user')).toBe('allowed denied')
    const { body } = await grant({ group_name: 'crew', permission_level: 'CAN_MANAGE' }, 'creator', 'PUT')
    expect(await answers('user')).toBe('hidden hidden')
    expect(await answers('creator')).toBe('allowed allowed')
    expect(body).toEqual({
      object_id: '/database-projects/db',
      object_type: 'database-projects',
      access_control_list: expect.arrayContaining([
        { group_name: 'crew', all_permissions: [{ permission_level: 'CAN_MANAGE', inherited: false }] },
        {
          user_name: 'creator@example.com',
          display_name: 'creator@example.com',
          all_permissions: [{ permission_level: 'CAN_MANAGE', inherited: false }],
        },
        { group_name: 'admins', all_permissions: [{ permission_level: 'CAN_MANAGE', inherited: true }] },
      ]),
    })
  })

  test('only those who manage it may share it', async () => {
    await grant({ user_name: 'user@example.com', permission_level: 'CAN_USE' })
    const line = { user_name: 'stranger@example.com', permission_level: 'CAN_USE' }
    expect((await grant(line, 'user')).status).toBe(403)
    expect((await grant(line, 'stranger')).status).toBe(404)
    expect((await workspace.call('GET', PATH, as('user'))).status).toBe(200)
    expect((await workspace.call('GET', PATH, as('stranger'))).status).toBe(404)
    expect((await workspace.call('GET', `${PATH}/permissionLevels`, as('user'))).body).toMatchObject({
      permission_levels: [{ permission_level: 'CAN_USE' }, { permission_level: 'CAN_MANAGE' }],
    })
  })

  test('a deleted principal leaves the list', async () => {
    const gone = await workspace.identity.directory.create('user', 'gone@example.com')
    await grant({ user_name: 'gone@example.com', permission_level: 'CAN_USE' })
    await workspace.identity.directory.delete(gone)
    const { body } = await workspace.call('GET', PATH, as('creator'))
    expect(JSON.stringify(body)).not.toContain('gone@example.com')
  })

  test.each([
    [{ user_name: 'user@example.com', permission_level: 'CAN_CREATE' }, 400],
    [{ user_name: 'user@example.com', permission_level: 'toString' }, 400],
    [{ permission_level: 'CAN_USE' }, 400],
    [{ user_name: OWNER.email, group_name: 'crew', permission_level: 'CAN_USE' }, 400],
    [{ user_name: 'nobody@example.com', permission_level: 'CAN_USE' }, 404],
    [{ group_name: 'nobody', permission_level: 'CAN_USE' }, 404],
  ])('%o is refused with %i', async (line, status) => {
    expect((await grant(line)).status).toBe(status)
  })

  test('unknown objects and types', async () => {
    const get = async (path: string) => (await workspace.call('GET', `/api/2.0/permissions/${path}`)).status
    expect(await get('database-projects/none')).toBe(404)
    expect(await get('clusters/1')).toBe(400)
    expect(await get('constructor/1')).toBe(400)
  })
})

describe('folders', () => {
  test('pass their grants on', async () => {
    workspace.objects.set('file 7', { id: '7', ownerId: undefined, ancestors: ['5', '3'] })
    workspace.objects.set('file 3', { id: '3', ownerId: person('creator').principal.id })
    const line = { group_name: 'crew', permission_level: 'CAN_READ' }
    const shared = await workspace.call('PUT', '/api/2.0/permissions/directories/3', {
      ...as('creator'),
      json: { access_control_list: [line] },
    })
    expect(shared.status).toBe(200)
    const { status, body } = await workspace.call('GET', '/api/2.0/permissions/files/7', as('member'))
    expect(status).toBe(200)
    expect(body.access_control_list).toContainEqual({
      group_name: 'crew',
      all_permissions: [
        { permission_level: 'CAN_READ', inherited: true, inherited_from_object: ['/directories/3'] },
      ],
    })
    const member = workspace.identity.authenticator.authenticate(person('member').token)
    if (!member) throw new Error('no caller')
    expect(workspace.identity.permissions.grantedLevel(member, { type: 'file', id: '3' })).toBe('CAN_READ')
    expect(workspace.identity.permissions.grantedLevel(member, { type: 'file', id: '7' })).toBeUndefined()
  })
})
