import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { basic, startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())

const ME = '/api/2.0/preview/scim/v2/Me'

describe('personal access tokens', () => {
  test('create, use, list, rename, revoke', async () => {
    const { body } = await workspace.call('POST', '/api/2.0/token/create', {
      json: { comment: 'laptop', lifetime_seconds: 600 },
    })
    expect(body.token_value).toMatch(/^dapi[0-9a-f]{32}$/)
    expect(body.token_info).toMatchObject({ comment: 'laptop' })
    expect(body.token_info.expiry_time - body.token_info.creation_time).toBe(600_000)
    expect((await workspace.call('GET', ME, { token: body.token_value })).status).toBe(200)
    const id = body.token_info.token_id
    await workspace.call('PATCH', `/api/2.0/token/${id}`, {
      json: { token: { comment: 'desk' }, update_mask: 'comment' },
    })
    const list = (await workspace.call('GET', '/api/2.0/token/list')).body.token_infos
    expect(list.find((each: { token_id: string }) => each.token_id === id).comment).toBe('desk')
    expect(JSON.stringify(list)).not.toContain(body.token_value)
    expect((await workspace.call('POST', '/api/2.0/token/delete', { json: { token_id: id } })).status).toBe(
      200,
    )
    expect((await workspace.call('GET', ME, { token: body.token_value })).status).toBe(401)
    expect(await workspace.call('POST', '/api/2.0/token/delete', { json: { token_id: id } })).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    })
  })

  test('it ends when its life is over', async () => {
    const { body } = await workspace.call('POST', '/api/2.0/token/create', { json: { lifetime_seconds: 5 } })
    workspace.clock.advance(4_000)
    expect((await workspace.call('GET', ME, { token: body.token_value })).status).toBe(200)
    workspace.clock.advance(1_500)
    expect((await workspace.call('GET', ME, { token: body.token_value })).status).toBe(401)
  })

  test('nobody sees or ends the tokens of others', async () => {
    const user = await workspace.identity.directory.create('user', 'other@example.com')
    const { value } = await workspace.identity.tokens.create(user)
    const { body } = await workspace.call('POST', '/api/2.0/token/create', { json: {} })
    const list = await workspace.call('GET', '/api/2.0/token/list', { token: value })
    expect(list.body.token_infos).toHaveLength(1)
    const { status } = await workspace.call('POST', '/api/2.0/token/delete', {
      token: value,
      json: { token_id: body.token_info.token_id },
    })
    expect(status).toBe(404)
  })

  test.each([
    { lifetime_seconds: 0 },
    { lifetime_seconds: -5 },
    { lifetime_seconds: 'x' },
    { scopes: ['made-up'] },
  ])('%o is refused', async (json) => {
    expect(await workspace.call('POST', '/api/2.0/token/create', { json })).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    })
  })

  test('scopes limit which paths it opens', async () => {
    const { body } = await workspace.call('POST', '/api/2.0/token/create', { json: { scopes: ['postgres'] } })
    const { authenticator } = workspace.identity
    const may = (path: string) => authenticator.authenticate(body.token_value, path) !== undefined
    expect(may('/api/2.0/postgres/projects')).toBe(true)
    expect(may(ME)).toBe(true)
    expect(may('/api/2.0/apps')).toBe(false)
    expect(may('/api/2.0/preview/scim/v2/Users')).toBe(false)
    expect(may('/api/2.0/lakelet/anything')).toBe(false)
  })

  test('no value and no hash of one reaches the log', async () => {
    const { body } = await workspace.call('POST', '/api/2.0/token/create', { json: {} })
    await workspace.call('GET', ME, { token: body.token_value })
    expect(workspace.log.join('')).not.toContain(body.token_value)
  })
})

describe('secrets of service principals', () => {
  const path = (id: number | string) => `/api/2.0/accounts/servicePrincipals/${id}/credentials/secrets`

  test('create, use, list, revoke', async () => {
    const principal = await workspace.identity.directory.createServicePrincipal('job')
    const made = await workspace.call('POST', path(principal.id), { json: { lifetime: '3600s' } })
    expect(made).toMatchObject({ status: 200, body: { status: 'ACTIVE' } })
    expect(encodeURIComponent(made.body.secret)).toBe(made.body.secret)
    expect(Date.parse(made.body.expire_time) - Date.parse(made.body.create_time)).toBe(3600_000)
    const { body } = await workspace.call('GET', path(principal.id))
    expect(body.secrets).toHaveLength(1)
    expect(body.secrets[0]).not.toHaveProperty('secret')
    const ask = async () =>
      (
        await workspace.call('POST', '/oidc/v1/token', {
          token: undefined,
          headers: { authorization: basic(principal.name, made.body.secret) },
          form: { grant_type: 'client_credentials' },
        })
      ).status
    expect(await ask()).toBe(200)
    expect((await workspace.call('DELETE', `${path(principal.id)}/${made.body.id}`)).status).toBe(200)
    expect(await ask()).toBe(401)
    expect((await workspace.call('DELETE', `${path(principal.id)}/${made.body.id}`)).status).toBe(404)
  })

  test('there is a limit, and only service principals have them', async () => {
    const principal = await workspace.identity.directory.createServicePrincipal('many')
    for (let n = 0; n < 5; n++) await workspace.call('POST', path(principal.id), { json: {} })
    expect(await workspace.call('POST', path(principal.id), { json: {} })).toMatchObject({
      status: 400,
      body: { error_code: 'RESOURCE_LIMIT_EXCEEDED' },
    })
    const me = (await workspace.call('GET', ME)).body
    for (const id of [me.id, '1', 'x']) {
      expect((await workspace.call('GET', path(id))).status).toBe(404)
    }
    expect((await workspace.call('GET', path('%00'))).status).toBe(400)
    for (const lifetime of ['0s', '-1s', '99999999999s', 'soon']) {
      expect((await workspace.call('POST', path(principal.id), { json: { lifetime } })).status).toBe(400)
    }
  })
})
