import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OWNER, startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function post(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  return fetch(`${workspace.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(form),
    headers: { origin: workspace.url, ...headers },
  })
}

async function linkCode(next?: string): Promise<string> {
  const link = new URL(await workspace.identity.createSignInLink(workspace.url, next))
  expect(link.origin).toBe(workspace.url)
  return link.searchParams.get('code') ?? ''
}

async function sessionCookie(): Promise<string> {
  const reply = await post('/sign-in/link', { code: await linkCode(), next: '/' })
  return reply.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

describe('the one-time link', () => {
  test('opening it changes nothing, pressing the button signs in, once', async () => {
    const code = await linkCode('/console')
    for (let n = 0; n < 2; n++) {
      const opened = await fetch(`${workspace.url}/sign-in/link?code=${code}&next=/console`)
      expect(opened.status).toBe(200)
      expect(opened.headers.getSetCookie()).toEqual([])
      expect(await opened.text()).toContain('name="next" value="/console"')
    }
    const reply = await post('/sign-in/link', { code, next: '/console' })
    expect(reply.status).toBe(303)
    expect(reply.headers.get('location')).toBe('/console')
    const [cookie = ''] = reply.headers.getSetCookie()
    expect(cookie).toMatch(/^lakelet_session_\d+=[0-9a-f]{64}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/)
    expect((await workspace.identity.sessionOf(cookie.split(';')[0]))?.name).toBe(OWNER.email)
    expect((await post('/sign-in/link', { code })).status).toBe(400)
  })

  test('two uses at the same moment: one session', async () => {
    const code = await linkCode()
    const replies = await Promise.all([1, 2, 3].map(() => post('/sign-in/link', { code })))
    expect(replies.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([303, 400, 400])
  })

  test('it is too old after half an hour', async () => {
    const code = await linkCode()
    workspace.clock.advance(31 * 60_000)
    expect((await post('/sign-in/link', { code })).status).toBe(400)
  })

  test('another site cannot use it to sign a visitor in', async () => {
    const code = await linkCode()
    expect((await post('/sign-in/link', { code }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await post('/sign-in/link', { code }, { origin: 'null' })).status).toBe(403)
  })

  test.each([
    ['/apps?x=1#y', '/apps?x=1#y'],
    ['http://my-app.localhost:8000/notes', 'http://my-app.localhost:8000/notes'],
    ['https://evil.example/', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['\\\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['http://my-app.localhost@evil.example', '/'],
    ['http://user@my-app.localhost/', '/'],
    ['', '/sign-in/link'],
  ])('next=%s leads to %s', async (next, target) => {
    const reply = await post('/sign-in/link', { code: await linkCode(), next })
    expect(reply.headers.get('location')).toBe(target === '/sign-in/link' ? '/' : target)
  })

  test('a next that names the workspace but hides another host stays here', async () => {
    const next = `${workspace.url}//evil.example/x`
    const reply = await post('/sign-in/link', { code: await linkCode(), next })
    expect(reply.headers.get('location')).toBe('/evil.example/x')
  })
})

describe('a link for the calling user', () => {
  test('whoever may call every API gets one', async () => {
    const user = await workspace.identity.directory.create('user', 'linked@example.com')
    const { value } = await workspace.identity.tokens.create(user)
    const path = '/api/2.0/lakelet/sign-in-links'
    const { body } = await workspace.call('POST', path, { token: value, json: { next: '/apps' } })
    const { searchParams } = new URL(body.url)
    expect(searchParams.get('next')).toBe('/apps')
    const reply = await post('/sign-in/link', { code: searchParams.get('code') ?? '' })
    const cookie = reply.headers.getSetCookie()[0]?.split(';')[0]
    expect((await workspace.identity.sessionOf(cookie))?.name).toBe('linked@example.com')
    const narrow = (await workspace.identity.tokens.create(user, { scopes: ['postgres'] })).value
    expect((await workspace.call('POST', path, { token: narrow, json: {} })).status).toBe(403)
  })
})

describe('the sign-in page', () => {
  test('tells visitors what to do and sends the signed-in on', async () => {
    const page = await fetch(`${workspace.url}/sign-in?next=/x%22%3E%3Cscript%3E`)
    expect(page.status).toBe(401)
    const text = await page.text()
    expect(text).toContain('lakelet up')
    expect(text).not.toContain('<script>')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const signedIn = await fetch(`${workspace.url}/sign-in?next=/x`, {
      headers: { cookie: await sessionCookie() },
      redirect: 'manual',
    })
    expect(signedIn.headers.get('location')).toBe('/x')
  })
})

describe('sessions', () => {
  test('end by signing out', async () => {
    const cookie = await sessionCookie()
    expect((await post('/sign-out', {}, { cookie, origin: 'https://evil.example' })).status).toBe(403)
    expect(await workspace.identity.sessionOf(cookie)).toBeDefined()
    const reply = await post('/sign-out', {}, { cookie })
    expect(reply.headers.getSetCookie()[0]).toContain('Max-Age=0')
    expect(await workspace.identity.sessionOf(cookie)).toBeUndefined()
  })

  test('end by age and with their principal', async () => {
    const old = await sessionCookie()
    workspace.clock.advance(31 * 24 * 3600_000)
    expect(await workspace.identity.sessionOf(old)).toBeUndefined()
    const user = await workspace.identity.directory.create('user', 'brief@example.com')
    const cookie = `a=b; lakelet_session=${await workspace.identity.sessions.start(user.id)}`
    expect((await workspace.identity.sessionOf(cookie))?.name).toBe('brief@example.com')
    await workspace.identity.directory.delete(user)
    expect(await workspace.identity.sessionOf(cookie)).toBeUndefined()
  })

  test.each([undefined, '', 'lakelet_session', 'lakelet_session=', 'x_lakelet_session=1', '=;=;;'])(
    'cookie header %s is nobody',
    async (header) => {
      expect(await workspace.identity.sessionOf(header)).toBeUndefined()
    },
  )
})

describe('writes with a cookie', () => {
  /** A request as a browser sends it; node's fetch refuses some of these headers. */
  async function send(method: string, headers: Record<string, string>): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const sent = request(`${workspace.url}/api/2.0/token/create`, { method, headers }, (reply) => {
      reply.resume()
      resolve(reply.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
    return promise
  }

  test('count only from our own pages', async () => {
    const cookie = await sessionCookie()
    const { host } = new URL(workspace.url)
    const own = { cookie, origin: workspace.url, 'sec-fetch-site': 'same-origin' }
    expect(await send('POST', own)).toBe(200)
    expect(await send('POST', { cookie, origin: workspace.url })).toBe(200)
    expect(await send('POST', { cookie })).toBe(403)
    expect(await send('POST', { cookie, origin: 'null' })).toBe(403)
    expect(
      await send('POST', { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
    ).toBe(403)
    // An app of the workspace has the same host name and so gets the cookie, but another port.
    expect(await send('POST', { cookie, origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' })).toBe(
      403,
    )
    expect(await send('POST', { ...own, host, cookie: 'lakelet_session=made-up' })).toBe(401)
  })

  test('a cookie reads', async () => {
    const headers = { cookie: await sessionCookie() }
    const { status, body } = await workspace.call('GET', '/api/2.0/preview/scim/v2/Me', {
      token: '',
      headers,
    })
    expect({ status, name: body.userName }).toEqual({ status: 200, name: OWNER.email })
  })

  test.each(['same-site', 'cross-site'])('a cookie reads nothing for a page that is %s', async (site) => {
    const headers = { cookie: await sessionCookie(), 'sec-fetch-site': site }
    const path = '/api/2.0/preview/scim/v2/Me'
    expect((await workspace.call('GET', path, { token: '', headers })).status).toBe(403)
    const own = { ...headers, 'sec-fetch-site': 'same-origin' }
    expect((await workspace.call('GET', path, { token: '', headers: own })).status).toBe(200)
  })

  test('a bearer token decides alone', async () => {
    const own = { cookie: await sessionCookie(), origin: workspace.url, 'sec-fetch-site': 'same-origin' }
    expect(await send('POST', { ...own, authorization: 'Bearer wrong' })).toBe(401)
    expect(await send('POST', { ...own, authorization: 'Basic eDp5' })).toBe(401)
    const owner = workspace.identity.directory.find('user', OWNER.email)
    const { value } = await workspace.identity.tokens.create({ id: owner?.id ?? 0 }, { scopes: ['postgres'] })
    expect(await send('POST', { authorization: `Bearer ${value}` })).toBe(403)
  })
})
