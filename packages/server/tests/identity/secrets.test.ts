import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

let workspace: TestWorkspace
let ann: string
let bob: string
beforeAll(async () => {
  workspace = await startTestWorkspace()
  ann = await tokenOf('ann@example.com')
  bob = await tokenOf('bob@example.com')
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function tokenOf(email: string): Promise<string> {
  const { directory, tokens } = workspace.identity
  return (await tokens.create(await directory.create('user', email))).value
}

const post = (what: string, json: object, token?: string) =>
  workspace.call('POST', `/api/2.0/secrets/${what}`, { json, ...(token ? { token } : {}) })
const get = (what: string, query: Record<string, string> = {}, token?: string) =>
  workspace.call(
    'GET',
    `/api/2.0/secrets/${what}?${new URLSearchParams(query).toString()}`,
    token ? { token } : {},
  )

describe('secret scopes', () => {
  test('keep secrets, and give them out as base64', async () => {
    expect(await get('scopes/list')).toEqual({ status: 200, body: {} })
    expect(await post('scopes/create', { scope: 'app' })).toEqual({ status: 200, body: {} })
    expect((await get('scopes/list')).body).toEqual({ scopes: [{ name: 'app', backend_type: 'DATABRICKS' }] })
    expect((await get('list', { scope: 'app' })).body).toEqual({})
    expect((await post('put', { scope: 'app', key: 'k', string_value: 'sïx' })).status).toBe(200)
    expect((await post('put', { scope: 'app', key: 'b', bytes_value: 'AAH/' })).status).toBe(200)
    const { secrets } = (await get('list', { scope: 'app' })).body
    expect(secrets).toMatchObject([{ key: 'b' }, { key: 'k' }])
    expect(secrets[0].last_updated_timestamp).toBeGreaterThan(1_700_000_000_000)
    const { body } = await get('get', { scope: 'app', key: 'k' })
    expect(body).toEqual({ key: 'k', value: Buffer.from('sïx').toString('base64') })
    expect((await get('get', { scope: 'app', key: 'b' })).body.value).toBe('AAH/')
    await post('put', { scope: 'app', key: 'k', string_value: 'seven' })
    expect((await get('get', { scope: 'app', key: 'k' })).body.value).toBe('c2V2ZW4=')
    expect((await post('delete', { scope: 'app', key: 'k' })).status).toBe(200)
    expect(await get('get', { scope: 'app', key: 'k' })).toMatchObject({
      status: 404,
      body: {
        error_code: 'RESOURCE_DOES_NOT_EXIST',
        message: 'Secret does not exist with scope: app and key: k',
      },
    })
  })

  test('are refused twice, and gone with all that was in them', async () => {
    await post('scopes/create', { scope: 'twice' })
    expect(await post('scopes/create', { scope: 'twice' })).toMatchObject({
      status: 400,
      body: { error_code: 'RESOURCE_ALREADY_EXISTS', message: 'Scope twice already exists!' },
    })
    await post('put', { scope: 'twice', key: 'k', string_value: 'old' })
    expect((await post('scopes/delete', { scope: 'twice' })).status).toBe(200)
    expect(await post('scopes/delete', { scope: 'twice' })).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Scope twice does not exist!' },
    })
    await post('scopes/create', { scope: 'twice' })
    expect((await get('list', { scope: 'twice' })).body).toEqual({})
  })

  test.each([
    ['scopes/create', { scope: 'with space' }, "Field 'scope'"],
    ['scopes/create', { scope: 'x', initial_manage_principal: 'admins' }, 'initial_manage_principal'],
    ['put', { scope: 'app', key: 'a/b', string_value: 'x' }, "Field 'key'"],
    ['put', { scope: 'app', key: 'k', bytes_value: '!' }, 'not base64'],
    ['put', { scope: 'app', key: 'k', string_value: 'a', bytes_value: 'YQ==' }, 'Only one of'],
    ['put', { scope: 'app', key: 'k', string_value: 'x'.repeat(131_073) }, 'at most 131072'],
  ])('%s refuses what cannot be (%#)', async (what, json, reason) => {
    const { status, body } = await post(what, json)
    expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' })
    expect(body.message).toContain(reason)
  })

  test('of Azure Key Vault are refused by name', async () => {
    const { body } = await post('scopes/create', { scope: 'azure', scope_backend_type: 'AZURE_KEYVAULT' })
    expect(body).toMatchObject({ error_code: 'FEATURE_DISABLED' })
  })
})

describe('access', () => {
  const value = (token?: string) => get('get', { scope: 'shared', key: 'k' }, token)
  const denied = { status: 403, body: { error_code: 'PERMISSION_DENIED' } }

  test('belongs to who made the scope, and to whom it is given', async () => {
    await post('scopes/create', { scope: 'shared' }, ann)
    await post('put', { scope: 'shared', key: 'k', string_value: 'v' }, ann)
    expect((await value(bob)).status).toBe(404)
    expect((await get('scopes/list', {}, bob)).body).toEqual({})
    const read = { scope: 'shared', principal: 'bob@example.com', permission: 'READ' }
    expect((await post('acls/put', read, bob)).status).toBe(404)
    expect((await post('acls/put', read, ann)).status).toBe(200)
    expect((await value(bob)).status).toBe(200)
    expect(await post('put', { scope: 'shared', key: 'k', string_value: 'w' }, bob)).toMatchObject(denied)
    expect(await get('acls/list', { scope: 'shared' }, bob)).toMatchObject(denied)
    expect(await post('scopes/delete', { scope: 'shared' }, bob)).toMatchObject(denied)
    await post('acls/put', { ...read, permission: 'WRITE' }, ann)
    expect((await post('put', { scope: 'shared', key: 'k', string_value: 'w' }, bob)).status).toBe(200)
    expect((await get('acls/list', { scope: 'shared' }, ann)).body.items).toEqual([
      { principal: 'ann@example.com', permission: 'MANAGE' },
      { principal: 'bob@example.com', permission: 'WRITE' },
    ])
    const bobs = { scope: 'shared', principal: 'bob@example.com' }
    expect((await get('acls/get', bobs, ann)).body).toMatchObject({ permission: 'WRITE' })
    expect((await post('acls/delete', bobs, ann)).status).toBe(200)
    expect((await post('acls/delete', bobs, ann)).status).toBe(404)
    expect((await get('acls/get', bobs, ann)).status).toBe(404)
    expect((await value(bob)).status).toBe(404)
    expect((await value()).status).toBe(200)
  })

  test('comes through groups, and with initial_manage_principal to everybody', async () => {
    await post('scopes/create', { scope: 'all', initial_manage_principal: 'users' }, ann)
    expect((await post('put', { scope: 'all', key: 'k', string_value: 'v' }, bob)).status).toBe(200)
    expect((await get('acls/list', { scope: 'all' }, bob)).body.items).toEqual([
      { principal: 'users', permission: 'MANAGE' },
    ])
    expect(
      await post('acls/put', { scope: 'all', principal: 'nobody', permission: 'READ' }, bob),
    ).toMatchObject({ status: 404, body: { message: 'Principal: Principal(nobody) does not exist.' } })
  })
})

test('the stored file shows no value, and a lost key is said', async () => {
  const directory = path.join(workspace.directory, 'again')
  await mkdir(directory)
  await using first = await startTestWorkspace(directory)
  const put = { scope: 's', key: 'k', string_value: 'plain-to-see' }
  await first.call('POST', '/api/2.0/secrets/scopes/create', { json: { scope: 's' } })
  await first.call('POST', '/api/2.0/secrets/put', { json: put })
  await first[Symbol.asyncDispose]()
  const stored = await readFile(path.join(first.directory, 'metadata.db'))
  expect(stored.includes('plain-to-see')).toBe(false)
  const read = '/api/2.0/secrets/get?scope=s&key=k'
  {
    await using second = await startTestWorkspace(first.directory, first.ownerToken)
    expect((await second.call('GET', read)).body.value).toBe(Buffer.from('plain-to-see').toString('base64'))
  }
  await rm(path.join(first.directory, 'secrets.key'))
  await using third = await startTestWorkspace(first.directory, first.ownerToken)
  expect(await third.call('GET', read)).toMatchObject({
    status: 409,
    body: { error_code: 'INVALID_STATE', message: expect.stringContaining('secrets.key') as string },
  })
})
