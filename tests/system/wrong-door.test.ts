// Whoever comes to the wrong address, port or protocol is told so in a sentence, in the words of what they came with.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { signInRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestWorkspace, startTestWorkspace } from './workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('an address that is none', () => {
  it('is a page for a browser and JSON for a program', async () => {
    const page = await fetch(`${workspace.host}/nowhere/<b>`, { headers: BROWSER })
    expect(page.status).toBe(404)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const shown = await page.text()
    expect(shown).toContain('<h1>There is nothing at this address</h1>')
    expect(shown).toContain('href="/"')
    expect(shown).not.toContain('<b>')
    const japanese = await fetch(`${workspace.host}/nowhere`, {
      headers: { ...BROWSER, 'accept-language': 'ja' },
    })
    expect(await japanese.text()).toContain('このアドレスには何もありません')
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
      const reply = await fetch(`${workspace.host}/nowhere`, { headers })
      expect(await reply.json()).toMatchObject({ error_code: 'ENDPOINT_NOT_FOUND' })
    }
  })

  it('is a page too where the API refuses what a browser opens, but not what a script of a page asks for', async () => {
    const opened = await fetch(`${workspace.host}/api/2.0/apps`, { headers: BROWSER })
    expect(opened.status).toBe(401)
    expect(await opened.text()).toContain('<h1>This address cannot be shown</h1>')
    const asked = await fetch(`${workspace.host}/api/2.0/apps`, {
      headers: { ...BROWSER, 'sec-fetch-dest': 'empty' },
    })
    expect(asked.headers.get('content-type')).toContain('application/json')
  })
})

describe('a sign-in link', () => {
  it('that was used leads a signed-in browser home and tells all others how to get a new one', async () => {
    const { url } = await workspace.client.call(signInRoutes.createLink, { body: {} })
    const { searchParams } = new URL(url)
    const used = await fetch(`${workspace.host}/sign-in/link`, {
      method: 'POST',
      body: new URLSearchParams({ code: searchParams.get('code') ?? '', next: '/' }),
      headers: { origin: workspace.host, 'sec-fetch-site': 'same-origin' },
      redirect: 'manual',
    })
    const cookie = used.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(cookie).not.toBe('')
    const again = await fetch(url, { headers: { ...BROWSER, cookie }, redirect: 'manual' })
    expect({ status: again.status, to: again.headers.get('location') }).toEqual({ status: 303, to: '/' })
    const elsewhere = await fetch(url, { headers: BROWSER, redirect: 'manual' })
    expect(elsewhere.status).toBe(400)
    expect(await elsewhere.text()).toContain('does not work any more')
  })
})

describe('the wrong port', () => {
  it('of Postgres answers HTTP', async () => {
    const reply = await fetch(`http://127.0.0.1:${workspace.postgres.port}/`)
    expect(reply.status).toBe(400)
    expect(await reply.text()).toContain('This port speaks Postgres, not HTTP.')
  })

  it.each([
    ['a request for TLS', [0, 0, 0, 8, 4, 210, 22, 47]],
    ['a startup packet', [0, 0, 0, 15, 0, 3, 0, 0, 117, 115, 101, 114, 0, 120, 0, 0]],
  ])('of HTTP answers %s of Postgres', async (_, bytes) => {
    await using socket = connect(Number(new URL(workspace.host).port), '127.0.0.1')
    socket.write(Buffer.from(bytes))
    expect(await text(socket)).toMatch(/^EThis is the HTTP port .*'lakelet status'.*\n\0$/)
  })

  it('is named by the command line', async () => {
    const port = new URL(workspace.host).port
    const tls = await at(`https://127.0.0.1:${port}`)
    expect(tls).toMatchObject({ code: 6, stdout: '' })
    expect(tls.stderr).toContain('no TLS is spoken there')
    expect((await at(`http://127.0.0.1:${workspace.postgres.port}`)).stderr).toContain(
      'is this the address of a workspace?',
    )
  })
})

it.each([
  ['text/html', '<!doctype html>', 'but not with JSON (text/html)'],
  ['application/json', '{"apps":"none"}', 'but with JSON of another form (apps: '],
])('another service that answers with %s is named as that', async (type, body, message) => {
  await using server = createServer((_, reply) => {
    reply.setHeader('content-type', type).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await at(`http://127.0.0.1:${port}`)
  expect(code).toBe(1)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('at Object')
})

function at(host: string) {
  return workspace.lakelet(['apps', 'list'], { env: { DATABRICKS_HOST: host, DATABRICKS_TOKEN: 'x' } })
}
