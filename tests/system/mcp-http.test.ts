// The tools for agents over HTTP: the official client signs in by what the workspace tells it, and by nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bySigningIn, call, overHttp, overStdio, wordOf } from './mcp-clients.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'agents'])
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

describe('signing in', () => {
  it('registers, asks the person, and acts as who is signed in, also with a refreshed token', async () => {
    const { client, signIn } = await bySigningIn(workspace)
    expect(signIn.asked?.searchParams.get('code_challenge_method')).toBe('S256')
    expect(signIn.asked?.searchParams.get('resource')).toBe(`${workspace.host}/mcp`)
    expect(signIn.asked?.searchParams.get('scope')).toContain('all-apis')
    const { data } = await call(client, 'workspace')
    expect(data).toMatchObject({ user: workspace.user, projects: [{ project: 'agents' }] })
    const who = await call(client, 'query', { sql: 'select current_user::text' })
    expect(who.data).toMatchObject({ results: [{ rows: [[workspace.user]] }] })
    await client.close()
    const { access_token: first, refresh_token: refresh } = signIn.saved.tokens ?? {}
    const renewed = await fetch(`${workspace.host}/oidc/v1/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refresh ?? '',
        client_id: signIn.saved.client?.client_id ?? '',
        resource: `${workspace.host}/mcp`,
      }),
    })
    const { access_token: second } = (await renewed.json()) as { access_token: string }
    expect(second).toBeTypeOf('string')
    expect(second).not.toBe(first)
    await using again = await overHttp(workspace, second)
    expect((await call(again, 'list_projects')).isError).toBe(false)
  })

  it('says where to sign in, and takes no cookie, no other token and no other resource', async () => {
    const reply = await fetch(`${workspace.host}/mcp`, { method: 'POST', body: '{}' })
    expect(reply.status).toBe(401)
    const where = /resource_metadata="([^"]+)"/.exec(reply.headers.get('www-authenticate') ?? '')?.[1] ?? ''
    const resource = (await (await fetch(where)).json()) as {
      resource: string
      authorization_servers: string[]
    }
    expect(resource).toMatchObject({
      resource: `${workspace.host}/mcp`,
      authorization_servers: [`${workspace.host}/oidc`],
    })
    const at = await fetch(`${workspace.host}/.well-known/oauth-authorization-server/oidc`)
    expect(await at.json()).toMatchObject({
      issuer: `${workspace.host}/oidc`,
      registration_endpoint: `${workspace.host}/oidc/v1/register`,
      code_challenge_methods_supported: ['S256'],
    })
    const bad = await fetch(`${workspace.host}/mcp`, {
      method: 'POST',
      headers: { authorization: 'Bearer nonsense' },
    })
    expect(bad.headers.get('www-authenticate')).toContain('error="invalid_token"')
    // A database credential opens databases only.
    const credential = await workspace.cli([
      'postgres',
      'generate-database-credential',
      'projects/agents/branches/production/endpoints/primary',
      '--field',
      'token',
    ])
    const wrong = await fetch(`${workspace.host}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential.trim()}` },
    })
    expect(wrong.status).toBe(401)
    const foreign = await fetch(`${workspace.host}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${workspace.token}`, origin: 'https://evil.example' },
      body: '{}',
    })
    expect(foreign.status).toBe(403)
  })

  it('lets programs register that wait on this machine or at a scheme of their own, and no others', async () => {
    const register = async (body: object) => {
      const reply = await fetch(`${workspace.host}/oidc/v1/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'x', token_endpoint_auth_method: 'none', ...body }),
      })
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
    }
    expect(
      (await register({ redirect_uris: ['cursor://anysphere.cursor-retrieval/oauth/callback'] })).status,
    ).toBe(201)
    expect((await register({ redirect_uris: ['http://127.0.0.1:1234/cb'] })).status).toBe(201)
    expect((await register({ redirect_uris: ['http://evil.example/cb'] })).status).toBe(400)
    expect((await register({ redirect_uris: ['javascript:alert(1)'] })).status).toBe(400)
    expect((await register({ redirect_uris: ['data:text/html,x'] })).status).toBe(400)
    expect((await register({ redirect_uris: [] })).status).toBe(400)
    const silent = await register({
      redirect_uris: ['http://localhost/cb'],
      token_endpoint_auth_method: undefined,
    })
    expect(silent.body).toMatchObject({ token_endpoint_auth_method: 'none' })
    expect(silent.body).not.toHaveProperty('client_secret')
    // A program that registered itself is nobody: without a person it gets nothing.
    const alone = await fetch(`${workspace.host}/oidc/v1/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: String(silent.body['client_id']),
        scope: 'all-apis',
      }),
    })
    expect(alone.status).toBeGreaterThanOrEqual(400)
    const greedy = await register({
      redirect_uris: ['http://localhost/cb'],
      grant_types: ['client_credentials', 'authorization_code'],
    })
    const taken = await fetch(`${workspace.host}/oidc/v1/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: String(greedy.body['client_id']),
        scope: 'all-apis',
      }),
    })
    expect(taken.status).toBeGreaterThanOrEqual(400)
  })
})

describe('over HTTP', () => {
  it('takes limits in the address, and refuses words that it does not know', async () => {
    await using narrow = await overHttp(workspace, workspace.token, {
      read_only: 'true',
      toolsets: 'sql,observe',
      project: 'agents',
    })
    const names = (await narrow.listTools()).tools.map(({ name }) => name)
    expect(names).toContain('query')
    expect(names).not.toContain('execute')
    expect(names).not.toContain('list_projects')
    const other = await call(narrow, 'query', { project: 'other', sql: 'select 1' })
    expect(other).toMatchObject({ isError: true, data: { project: 'agents' } })
    await expect(overHttp(workspace, workspace.token, { readonly: 'true' })).rejects.toThrow(
      'the address takes',
    )
    await expect(overHttp(workspace, workspace.token, { toolsets: 'sql,wrong' })).rejects.toThrow(
      'toolsets are',
    )
  })

  it('keeps a word from one request for the next, and for nobody else', async () => {
    await using owner = await overHttp(workspace, workspace.token)
    const asked = await call(owner, 'execute', { branch: 'production', sql: 'create table kept (n int)' })
    const { token } = await servicePrincipal()
    await using other = await overHttp(workspace, token)
    expect((await call(other, 'workspace')).data).toMatchObject({ kind: 'service_principal', projects: [] })
    const stolen = await call(other, 'execute', {
      branch: 'production',
      project: 'agents',
      sql: 'create table kept (n int)',
      confirm: wordOf(asked),
    })
    expect(stolen.isError).toBe(true)
    const done = await call(owner, 'execute', {
      branch: 'production',
      sql: 'create table kept (n int)',
      confirm: wordOf(asked),
      confirm_name: 'projects/agents/branches/production',
    })
    expect(done.message).toBe('The SQL was run and committed.')
  })

  it.each(['usual', '2026'] as const)('cancels what runs when the client goes (%s)', async (revision) => {
    for (const connect of [
      () => overHttp(workspace, workspace.token, {}, revision),
      () => overStdio(workspace, [], {}, revision),
    ]) {
      const client = await connect()
      const leaving = new AbortController()
      const asked = { sql: 'select pg_sleep(300)', timeout_seconds: 600 }
      const running = call(client, 'query', asked, { signal: leaving.signal }).catch(() => 'gone')
      await expect.poll(() => sleepers()).toBe(1)
      leaving.abort()
      expect(await running).toBe('gone')
      // Over HTTP a client of 2025 only says so to a server that keeps nothing; its connection goes when it is closed.
      await client.close()
      await expect.poll(() => sleepers()).toBe(0)
    }
  })

  it('speaks the protocol of 2026 as well', async () => {
    for (const connect of [
      () => overHttp(workspace, workspace.token, {}, '2026'),
      () => overStdio(workspace, [], {}, '2026'),
    ]) {
      await using client = await connect()
      expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
      expect((await client.listTools()).tools.length).toBeGreaterThan(20)
      const answer = await call(client, 'query', { sql: 'select 42' })
      expect(answer.data).toMatchObject({ results: [{ rows: [['42']] }] })
      expect(await call(client, 'query', { sql: 'drop table x' })).toMatchObject({ isError: true })
    }
  })

  it('serves many at a time', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => overHttp(workspace, workspace.token)))
    const answers = await Promise.all(
      clients.flatMap((client, index) =>
        Array.from({ length: 6 }, (_, turn) =>
          call(client, 'get_project', { project: 'agents' }).then(async () =>
            call(
              client,
              index === 0 && turn < 3 ? 'query' : 'list_branches',
              index === 0 && turn < 3 ? { sql: `select ${turn}` } : {},
            ),
          ),
        ),
      ),
    )
    expect(answers.filter(({ isError }) => isError)).toEqual([])
    await Promise.all(clients.map((client) => client.close()))
  })
})

async function sleepers(): Promise<number> {
  const found = await workspace.cli([
    'sql',
    "select count(*) from pg_stat_activity where query like 'select pg_sleep(300)%' and state = 'active'",
    '-o',
    'json',
  ])
  return Number(/\d+/.exec(found)?.[0])
}

async function servicePrincipal(): Promise<{ readonly token: string }> {
  const headers = { authorization: `Bearer ${workspace.token}`, 'content-type': 'application/json' }
  const made = await fetch(`${workspace.host}/api/2.0/preview/scim/v2/ServicePrincipals`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ displayName: 'agent' }),
  })
  const principal = (await made.json()) as { id: string; applicationId: string }
  const secrets = `${workspace.host}/api/2.0/accounts/servicePrincipals/${principal.id}/credentials/secrets`
  const { secret } = (await (await fetch(secrets, { method: 'POST', headers, body: '{}' })).json()) as {
    secret: string
  }
  const reply = await fetch(`${workspace.host}/oidc/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: principal.applicationId,
      client_secret: secret,
      scope: 'all-apis',
    }),
  })
  const { access_token: token } = (await reply.json()) as { access_token: string }
  return { token }
}
