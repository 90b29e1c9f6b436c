import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRemoteJWKSet, jwtVerify, SignJWT, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tokenRefusal } from '../../src/identity/database-credentials.ts'
import {
  ENDPOINT,
  OWNER,
  basic,
  startTestWorkspace,
  type TestWorkspace,
  WORKSPACE_ID,
} from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())

const CREDENTIALS = '/api/2.0/postgres/credentials'

async function ask(json: object, token?: string) {
  return workspace.call('POST', CREDENTIALS, { json, ...(token ? { token } : {}) })
}

function lifeSeconds(expireTime: string): number {
  return Math.round((Date.parse(expireTime) - workspace.clock.now().getTime()) / 1000)
}

describe('database credentials', () => {
  test('a signed JWT for one hour that names the caller, the workspace and the endpoint', async () => {
    const { status, body } = await ask({ endpoint: ENDPOINT })
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['expire_time', 'token'])
    expect(Math.abs(lifeSeconds(body.expire_time) - 3600)).toBeLessThanOrEqual(2)
    const keys = createRemoteJWKSet(new URL(`${workspace.url}/oidc/jwks.json`))
    const { payload } = await jwtVerify(body.token, keys, {
      audience: `urn:lakelet:postgres:${WORKSPACE_ID}`,
    })
    expect(payload).toMatchObject({ sub: OWNER.email, iss: `${workspace.url}/oidc`, endpoint: ENDPOINT })
    expect(workspace.identity.credentials.verify(body.token)).toMatchObject({
      ok: true,
      identity: { name: OWNER.email, kind: 'user' },
      endpoint: ENDPOINT,
    })
  })

  test('it is a Postgres password and no key to the API', async () => {
    const { body } = await ask({ endpoint: ENDPOINT })
    expect((await ask({ endpoint: ENDPOINT }, body.token)).status).toBe(401)
  })

  test.each([
    [{ ttl: '300s' }, 300],
    [{ ttl: '3600s' }, 3600],
  ])('life %o is granted', async (more, seconds) => {
    const { body } = await ask({ endpoint: ENDPOINT, ...more })
    expect(Math.abs(lifeSeconds(body.expire_time) - seconds)).toBeLessThanOrEqual(2)
  })

  test('an expire_time is taken over', async () => {
    const at = new Date(Math.floor(workspace.clock.now().getTime() / 1000) * 1000 + 900_000)
    const { body } = await ask({ endpoint: ENDPOINT, expire_time: at.toISOString() })
    expect(Date.parse(body.expire_time)).toBe(at.getTime())
  })

  test.each([
    { ttl: '299s' },
    { ttl: '3601s' },
    { ttl: '0s' },
    { ttl: '300' },
    { ttl: '300s', expire_time: '2099-01-01T00:00:00Z' },
    { expire_time: '2001-01-01T00:00:00Z' },
    { expire_time: 'soon' },
  ])('life %o is refused', async (more) => {
    expect(await ask({ endpoint: ENDPOINT, ...more })).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    })
  })

  test('the endpoint must be named and exist', async () => {
    expect(await ask({})).toMatchObject({
      status: 400,
      body: {
        error_code: 'INVALID_PARAMETER_VALUE',
        message: 'Field \'endpoint\' is required, expected non-default value (not "")!',
      },
    })
    expect(await ask({ endpoint: 'projects/x/branches/y/endpoints/z' })).toMatchObject({
      status: 404,
      body: { error_code: 'NOT_FOUND' },
    })
  })

  test('a group may be named by its members only', async () => {
    const { directory } = workspace.identity
    const owner = directory.find('user', OWNER.email)
    const group = await directory.create('group', 'analysts', { members: owner ? [owner] : [] })
    const { body } = await ask({ endpoint: ENDPOINT, group_name: 'analysts' })
    expect(workspace.identity.credentials.verify(body.token)).toMatchObject({
      ok: true,
      group: 'analysts',
      identity: { groups: [{ id: group.id, name: 'analysts' }] },
    })
    await directory.create('group', 'strangers')
    expect(await ask({ endpoint: ENDPOINT, group_name: 'strangers' })).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    })
  })

  test('claims are refused, since nothing would hold the token to them', async () => {
    const claims = [{ permission_set: 'READ_ONLY', resources: [{ table_name: 'main.x.y' }] }]
    const { status, body } = await ask({ endpoint: ENDPOINT, claims })
    expect({ status, message: body.message }).toEqual({
      status: 501,
      message: expect.stringMatching(/claims.*GRANT SELECT/) as string,
    })
    expect((await ask({ endpoint: ENDPOINT, claims: [] })).status).toBe(200)
  })
})

describe('checking a Postgres password', () => {
  const verify = (token: string) => workspace.identity.credentials.verify(token)

  test('an OAuth access token is accepted when its scopes allow it', async () => {
    const principal = await workspace.identity.directory.createServicePrincipal('reader')
    const { secret } = await workspace.identity.secrets.create(principal.id)
    const access = async (scope: string) =>
      (
        await workspace.call('POST', '/oidc/v1/token', {
          token: undefined,
          headers: { authorization: basic(principal.name, secret) },
          form: { grant_type: 'client_credentials', scope },
        })
      ).body.access_token as string
    for (const scope of ['all-apis', 'postgres']) {
      expect(verify(await access(scope))).toMatchObject({
        ok: true,
        identity: { name: principal.name, kind: 'service_principal' },
        endpoint: undefined,
      })
    }
    expect(verify(await access('files'))).toEqual({ ok: false, reason: 'scope_missing' })
  })

  test('every way of being wrong has its reason', async () => {
    const { body } = await ask({ endpoint: ENDPOINT, ttl: '300s' })
    const token: string = body.token
    const [header = '', payload = '', signature = ''] = token.split('.')
    expect(verify('hello')).toEqual({ ok: false, reason: 'not_a_jwt' })
    expect(verify('')).toEqual({ ok: false, reason: 'not_a_jwt' })
    expect(verify('a.b.c')).toEqual({ ok: false, reason: 'not_a_jwt' })
    expect(verify(workspace.ownerToken)).toEqual({ ok: false, reason: 'personal_token' })
    const forged = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'eve@example.com' }),
    ).toString('base64url')
    expect(verify(`${header}.${forged}.${signature}`)).toEqual({ ok: false, reason: 'bad_signature' })
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
    expect(verify(`${none}.${payload}.`)).toMatchObject({ ok: false })
    const { privateKey } = await generateKeyPair('ES256')
    const foreign = await new SignJWT({ principal_id: 1 })
      .setProtectedHeader({ alg: 'ES256', kid: 'other' })
      .setSubject(OWNER.email)
      .setAudience('urn:lakelet:postgres:123')
      .setExpirationTime('1h')
      .sign(privateKey)
    expect(verify(foreign)).toEqual({ ok: false, reason: 'foreign_workspace' })
    workspace.clock.advance(301_000)
    expect(verify(token)).toEqual({
      ok: false,
      reason: 'expired',
      exp: JSON.parse(Buffer.from(payload, 'base64url').toString()).exp,
    })
    const late = verify(token)
    if (late.ok) throw new Error('the token still counts')
    expect(tokenRefusal(late)).toMatchObject({
      code: 'token_expired',
      params: { exp: late.reason === 'expired' && late.exp },
    })
  })

  test('a deleted or switched-off principal cannot log in any more', async () => {
    const { directory, credentials } = workspace.identity
    const principal = await directory.createServicePrincipal('short-lived')
    const caller = directory.callerOf(principal.id)
    if (!caller) throw new Error('no caller')
    const { token } = credentials.issue(caller, { endpoint: ENDPOINT })
    expect(verify(token)).toMatchObject({
      ok: true,
      identity: { id: principal.id, name: principal.name, kind: 'service_principal' },
      endpoint: ENDPOINT,
    })
    await directory.update(principal, { active: false })
    expect(verify(token)).toEqual({ ok: false, reason: 'unknown_principal' })
    await directory.update(principal, { active: true })
    expect(verify(token).ok).toBe(true)
    await directory.delete(principal)
    expect(verify(token)).toEqual({ ok: false, reason: 'unknown_principal' })
    // A new principal of the same name is somebody else.
    await directory.createServicePrincipal('same-name', principal.name)
    expect(verify(token)).toEqual({ ok: false, reason: 'unknown_principal' })
  })
})

test('tokens, keys and the owner survive a restart', async () => {
  const first = await startTestWorkspace()
  const principal = await first.identity.directory.createServicePrincipal('stays')
  const { secret } = await first.identity.secrets.create(principal.id)
  const { body } = await first.call('POST', CREDENTIALS, { json: { endpoint: ENDPOINT } })
  const { ownerToken, directory } = first
  // The directory must outlive the first workspace, so it is copied before that is disposed.
  const copy = await mkdtemp(path.join(tmpdir(), 'lakelet-identity-'))
  await cp(directory, copy, { recursive: true })
  await first[Symbol.asyncDispose]()
  try {
    await using second = await startTestWorkspace(copy, ownerToken)
    expect(second.identity.credentials.verify(body.token)).toMatchObject({ ok: true })
    expect(second.ownerToken).toBe(ownerToken)
    const { status } = await second.call('POST', '/oidc/v1/token', {
      token: undefined,
      headers: { authorization: basic(principal.name, secret) },
      form: { grant_type: 'client_credentials' },
    })
    expect(status).toBe(200)
    expect(second.identity.directory.list('user')).toHaveLength(1)
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
})
