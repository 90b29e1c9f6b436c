import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OWNER, basic, startTestWorkspace, type TestWorkspace, WORKSPACE_ID } from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function servicePrincipal() {
  const principal = await workspace.identity.directory.createServicePrincipal('my-app')
  const { secret, id } = await workspace.identity.secrets.create(principal.id)
  return { principal, secret, secretId: id }
}

const TOKEN = '/oidc/v1/token'
const audience = `urn:lakelet:workspace:${WORKSPACE_ID}`

describe('discovery', () => {
  test('the host metadata names the OAuth server and the workspace, and no account', async () => {
    const reply = await fetch(`${workspace.url}/.well-known/databricks-config`)
    expect(await reply.json()).toEqual({
      oidc_endpoint: `${workspace.url}/oidc`,
      workspace_id: WORKSPACE_ID,
    })
    expect(reply.headers.get('x-databricks-org-id')).toBe(WORKSPACE_ID)
  })

  test('the authorization server metadata has the paths of the service', async () => {
    const { status, body } = await workspace.call('GET', '/oidc/.well-known/oauth-authorization-server', {
      token: undefined,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      issuer: `${workspace.url}/oidc`,
      authorization_endpoint: `${workspace.url}/oidc/v1/authorize`,
      token_endpoint: `${workspace.url}/oidc/v1/token`,
      jwks_uri: `${workspace.url}/oidc/jwks.json`,
      introspection_endpoint: `${workspace.url}/oidc/v1/introspect`,
      code_challenge_methods_supported: ['S256'],
    })
  })
})

describe('client credentials', () => {
  test('Basic, escaped Basic and form fields all work; the token is a JWT that JWKS verifies', async () => {
    const { principal, secret } = await servicePrincipal()
    const form = { grant_type: 'client_credentials', scope: 'all-apis' }
    const escaped = basic(encodeURIComponent(principal.name), encodeURIComponent(secret))
    for (const request of [
      { form, headers: { authorization: basic(principal.name, secret) } },
      { form, headers: { authorization: escaped } },
      { form: { ...form, client_id: principal.name, client_secret: secret } },
    ]) {
      const { status, body } = await workspace.call('POST', TOKEN, { token: undefined, ...request })
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { token_type: 'Bearer', expires_in: 3600, scope: 'all-apis' },
      })
      const keys = createRemoteJWKSet(new URL(`${workspace.url}/oidc/jwks.json`))
      const { payload } = await jwtVerify(body.access_token, keys, {
        issuer: `${workspace.url}/oidc`,
        audience,
      })
      expect(payload.sub).toBe(principal.name)
      const me = await workspace.call('GET', '/api/2.0/preview/scim/v2/Me', { token: body.access_token })
      expect(me.body).toMatchObject({ userName: principal.name, id: String(principal.id) })
    }
  })

  test('a scope is not needed; an unknown one is refused', async () => {
    const { principal, secret } = await servicePrincipal()
    const headers = { authorization: basic(principal.name, secret) }
    const ask = (form: Record<string, string>) =>
      workspace.call('POST', TOKEN, {
        token: undefined,
        headers,
        form: { grant_type: 'client_credentials', ...form },
      })
    expect((await ask({})).body.scope).toBe('all-apis')
    expect((await ask({ scope: 'postgres files' })).body.scope).toBe('postgres files')
    expect(await ask({ scope: 'everything' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope', error_description: 'requested scope does not exist' },
    })
  })

  test('a secret with scopes buys no others', async () => {
    const { principal } = await servicePrincipal()
    const { secret } = await workspace.identity.secrets.create(principal.id, { scopes: ['postgres'] })
    const ask = (scope: string) =>
      workspace.call('POST', TOKEN, {
        token: undefined,
        headers: { authorization: basic(principal.name, secret) },
        form: { grant_type: 'client_credentials', scope },
      })
    expect((await ask('postgres')).body.scope).toBe('postgres')
    expect((await ask('')).body.scope).toBe('postgres')
    expect(await ask('all-apis')).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('a wrong, a revoked and an expired secret and an unknown client are refused alike', async () => {
    const { principal, secret, secretId } = await servicePrincipal()
    const short = await workspace.identity.secrets.create(principal.id, { lifetimeSeconds: 60 })
    const ask = (user: string, password: string) =>
      workspace.call('POST', TOKEN, {
        token: undefined,
        headers: { authorization: basic(user, password) },
        form: { grant_type: 'client_credentials' },
      })
    const refusal = {
      status: 401,
      body: { error: 'invalid_client', error_description: 'client authentication failed' },
    }
    expect(await ask(principal.name, 'wrong')).toEqual(refusal)
    expect(await ask('00000000-0000-4000-8000-000000000000', secret)).toEqual(refusal)
    expect((await ask(principal.name, short.secret)).status).toBe(200)
    workspace.clock.advance(61_000)
    expect(await ask(principal.name, short.secret)).toEqual(refusal)
    await workspace.identity.secrets.revoke(principal.id, secretId)
    expect(await ask(principal.name, secret)).toEqual(refusal)
  })

  test('a deleted service principal loses its tokens at once', async () => {
    const { principal, secret } = await servicePrincipal()
    const { body } = await workspace.call('POST', TOKEN, {
      token: undefined,
      headers: { authorization: basic(principal.name, secret) },
      form: { grant_type: 'client_credentials' },
    })
    expect(workspace.identity.authenticator.authenticate(body.access_token)?.name).toBe(principal.name)
    await workspace.identity.directory.delete(principal)
    expect(workspace.identity.authenticator.authenticate(body.access_token)).toBeUndefined()
  })

  test('unknown paths and wrong methods are refused in JSON', async () => {
    for (const [method, path] of [
      ['GET', '/oidc'],
      ['GET', '/oidc/nowhere'],
      ['GET', '/oidc/v1/token'],
      ['DELETE', '/oidc/v1/authorize'],
      ['POST', '/oidc/jwks.json'],
    ] as const) {
      const { status, body } = await workspace.call(method, path, { token: undefined })
      expect({ status, body }).toEqual({
        status: 404,
        body: { error_code: 'ENDPOINT_NOT_FOUND', message: `No API found for '${method} ${path}'` },
      })
    }
  })

  test('errors have the OAuth shape', async () => {
    expect(
      await workspace.call('POST', TOKEN, { token: undefined, form: { grant_type: 'password' } }),
    ).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const { status, body } = await workspace.call('POST', TOKEN, {
      token: undefined,
      json: { grant_type: 'x' },
    })
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: 'invalid_request' })
  })
})

/** A browser as far as these pages need one: it keeps cookies by name and path. */
class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>()

  async get(url: string): Promise<Response> {
    return this.#send(url, { method: 'GET' })
  }

  async post(
    url: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const origin = new URL(url).origin
    return this.#send(url, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { origin, 'sec-fetch-site': 'same-origin', ...headers },
    })
  }

  async #send(
    url: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> },
  ): Promise<Response> {
    const { pathname } = new URL(url)
    const cookie = [...this.#cookies]
      .filter(([, each]) => pathname.startsWith(each.path))
      .map(([name, each]) => `${name}=${each.value}`)
      .join('; ')
    const reply = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } })
    for (const line of reply.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const name = pair.slice(0, pair.indexOf('='))
      const value = pair.slice(pair.indexOf('=') + 1)
      const path = attributes.find((each) => each.toLowerCase().startsWith('path='))?.slice(5) ?? '/'
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, { value, path })
    }
    return reply
  }

  /** Follows redirects within the workspace; stops at a page or at a redirect that leaves it. */
  async follow(reply: Response): Promise<{ page: string; status: number; left: URL | undefined }> {
    let current = reply
    for (;;) {
      const location = current.headers.get('location')
      if (location === null) return { page: await current.text(), status: current.status, left: undefined }
      const target = new URL(location, workspace.url)
      if (target.origin !== workspace.url) return { page: '', status: current.status, left: target }
      current = await this.get(target.href)
    }
  }
}

async function signedIn(): Promise<Browser> {
  const browser = new Browser()
  const link = await workspace.identity.createSignInLink(workspace.url)
  const code = new URL(link).searchParams.get('code') ?? ''
  const reply = await browser.post(`${workspace.url}/sign-in/link`, { code, next: '/' })
  expect(reply.status).toBe(303)
  return browser
}

function authorizeUrl(challenge: string, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: 'databricks-cli',
    response_type: 'code',
    redirect_uri: 'http://localhost:8020',
    scope: 'offline_access all-apis',
    state: 'state-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  })
  return `${workspace.url}/oidc/v1/authorize?${query.toString()}`
}

function pkce() {
  const verifier = randomBytes(48).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

function field(page: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''
}

function actionOf(page: string): string {
  return `${workspace.url}${/action="([^"]*)"/.exec(page)?.[1] ?? ''}`
}

/** Clicks through to the answer that the browser takes to the client. */
async function authorize(browser: Browser, url: string, decision = 'allow'): Promise<URL> {
  const consent = await browser.follow(await browser.get(url))
  expect(consent.status).toBe(200)
  const reply = await browser.post(actionOf(consent.page), { csrf: field(consent.page, 'csrf'), decision })
  const { left } = await browser.follow(reply)
  if (!left) throw new Error('the browser was not sent back to the client')
  return left
}

async function exchange(form: Record<string, string>) {
  return workspace.call('POST', TOKEN, { token: undefined, form: { client_id: 'databricks-cli', ...form } })
}

describe('authorization code', () => {
  test('a person allows, the client gets tokens, refreshes, and acts as that person', async () => {
    const browser = await signedIn()
    const { verifier, challenge } = pkce()
    const left = await authorize(browser, authorizeUrl(challenge))
    expect(left.origin).toBe('http://localhost:8020')
    expect(left.searchParams.get('state')).toBe('state-1')
    const code = left.searchParams.get('code') ?? ''
    const first = await exchange({
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'http://localhost:8020',
      code_verifier: verifier,
    })
    expect(first).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 3600, scope: 'all-apis' },
    })
    const caller = workspace.identity.authenticator.authenticate(first.body.access_token)
    expect(caller).toMatchObject({ name: OWNER.email, kind: 'user', isAdmin: true })
    const refreshed = await exchange({ grant_type: 'refresh_token', refresh_token: first.body.refresh_token })
    expect(refreshed.status).toBe(200)
    expect(refreshed.body.access_token).not.toBe(first.body.access_token)
    expect(workspace.identity.authenticator.authenticate(refreshed.body.access_token)?.name).toBe(OWNER.email)
    // A code that is used a second time ends what the first use bought (RFC 6749 §4.1.2).
    const again = await exchange({
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'http://localhost:8020',
      code_verifier: verifier,
    })
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await exchange({ grant_type: 'refresh_token', refresh_token: first.body.refresh_token })).toEqual({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token is invalid' },
    })
  })

  test('it asks again each time, and without a session it explains how to sign in', async () => {
    const browser = await signedIn()
    await authorize(browser, authorizeUrl(pkce().challenge))
    const second = await browser.follow(await browser.get(authorizeUrl(pkce().challenge, { prompt: 'none' })))
    expect(second.page).toContain('act for you?')
    const stranger = new Browser()
    const { page, status } = await stranger.follow(await stranger.get(authorizeUrl(pkce().challenge)))
    expect(status).toBe(401)
    expect(page).toContain('lakelet open')
    expect(page).toContain('href="/oidc/interaction/')
  })

  test('denying and wrong verifiers give the errors of the protocol', async () => {
    const browser = await signedIn()
    const { challenge } = pkce()
    const denied = await authorize(browser, authorizeUrl(challenge), 'deny')
    expect(denied.searchParams.get('error')).toBe('access_denied')
    const left = await authorize(browser, authorizeUrl(challenge))
    const wrong = await exchange({
      grant_type: 'authorization_code',
      code: left.searchParams.get('code') ?? '',
      redirect_uri: 'http://localhost:8020',
      code_verifier: pkce().verifier,
    })
    expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await exchange({ grant_type: 'refresh_token', refresh_token: 'made-up' })).toEqual({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token is invalid' },
    })
  })

  test.each([
    ['http://localhost:8040', true],
    ['http://127.0.0.1:8021', true],
    ['http://localhost:9999', true],
    ['https://evil.example', false],
    ['http://localhost.evil.example:8020', false],
    ['http://localhost:8020/path', false],
    ['http://127.0.0.1:8020@evil.example', false],
  ])('redirect to %s: %s', async (redirect, allowed) => {
    const browser = await signedIn()
    const url = authorizeUrl(pkce().challenge, { redirect_uri: redirect })
    const { status, left } = await browser.follow(await browser.get(url))
    expect(left).toBeUndefined()
    expect(status).toBe(allowed ? 200 : 400)
  })

  test('PKCE is required, and only S256', async () => {
    const browser = await signedIn()
    for (const more of [{ code_challenge: '' }, { code_challenge_method: 'plain' }]) {
      const { left } = await browser.follow(await browser.get(authorizeUrl(pkce().challenge, more)))
      expect(left?.searchParams.get('error')).toBe('invalid_request')
    }
  })

  test('another site cannot press the button', async () => {
    const browser = await signedIn()
    const { page } = await browser.follow(await browser.get(authorizeUrl(pkce().challenge)))
    const form = { csrf: field(page, 'csrf'), decision: 'allow' }
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await browser.post(actionOf(page), form, foreign)).status).toBe(403)
    expect((await browser.post(actionOf(page), { ...form, csrf: '' })).status).toBe(403)
    const accepted = await browser.post(actionOf(page), form)
    expect(accepted.status).toBe(303)
  })

  test('what a client says about itself is escaped, and the page may not be framed', async () => {
    const browser = await signedIn()
    const url = authorizeUrl(pkce().challenge, { scope: 'all-apis', state: '"><script>alert(1)</script>' })
    const started = await browser.get(url)
    const reply = await browser.get(new URL(started.headers.get('location') ?? '', workspace.url).href)
    const page = await reply.text()
    expect(page).not.toContain('<script')
    expect(reply.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const broken = await browser.get(`${workspace.url}/oidc/v1/authorize?client_id=%3Cscript%3E`)
    expect(await broken.text()).not.toContain('<script>')
  })
})

describe('keys', () => {
  test('a rotated key goes on verifying; new tokens carry the new key', async () => {
    const { principal, secret } = await servicePrincipal()
    const ask = async () =>
      (
        await workspace.call('POST', TOKEN, {
          token: undefined,
          headers: { authorization: basic(principal.name, secret) },
          form: { grant_type: 'client_credentials' },
        })
      ).body.access_token as string
    const before = await ask()
    await workspace.identity.keys.rotate()
    const after = await ask()
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    const { body } = await workspace.call('GET', '/oidc/jwks.json', { token: undefined })
    for (const key of body.keys) expect(key).not.toHaveProperty('d')
    const keys = createLocalJWKSet(body)
    for (const token of [before, after]) {
      expect((await jwtVerify(token, keys, { audience })).payload.sub).toBe(principal.name)
      expect(workspace.identity.authenticator.authenticate(token)?.name).toBe(principal.name)
    }
  })
})

describe('introspection', () => {
  test('tells about our tokens to those who may ask', async () => {
    const { principal, secret } = await servicePrincipal()
    const headers = { authorization: basic(principal.name, secret) }
    const ask = (token: string, more = headers) =>
      workspace.call('POST', '/oidc/v1/introspect', { token: undefined, headers: more, form: { token } })
    expect(await ask(workspace.ownerToken)).toMatchObject({
      status: 200,
      body: { active: true, sub: OWNER.email },
    })
    expect(await ask('nonsense')).toEqual({ status: 200, body: { active: false } })
    expect(await ask(workspace.ownerToken, { authorization: basic(principal.name, 'wrong') })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
    const { body } = await workspace.call('GET', '/api/2.0/tokens/introspect')
    expect(body.principal_context.authentication_scope.workspace_id).toBe(Number(WORKSPACE_ID))
  })
})
