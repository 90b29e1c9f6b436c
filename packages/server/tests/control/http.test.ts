// The edges of the HTTP server, over a real socket and a real control plane.
import { connect } from 'node:net'
import { request } from 'node:http'
import { projectRoutes } from '@lakelet/api'
import { headerInJapanese } from '@lakelet/api/errors-ja'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlWorkspace, send, startFreshControl } from './control-workspace.ts'

const PROJECTS = '/api/2.0/postgres/projects'

describe('the HTTP server', () => {
  let workspace: ControlWorkspace
  beforeAll(async () => {
    workspace = await startFreshControl({ requestTimeoutMs: 1000 })
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const port = () => Number(new URL(workspace.host).port)

  test('answers unknown paths and methods in JSON', async () => {
    for (const [method, path] of [
      ['GET', '/api/2.0/nothing/here'],
      ['PUT', PROJECTS],
      ['GET', '/%2e%2e/%2e%2e/etc/passwd'],
      ['DELETE', '/'],
    ] as const) {
      const reply = await send(workspace, method, path)
      expect(reply).toMatchObject({ status: 404, body: { error_code: 'ENDPOINT_NOT_FOUND' } })
      expect(reply.body['message']).toMatch(new RegExp(`^No API found for '${method} /`))
      expect(reply.headers.get('content-type')).toMatch(/^application\/json/)
    }
  })

  test('names the workspace and the request in every reply', async () => {
    for (const path of [PROJECTS, '/nothing', `${PROJECTS}/absent`]) {
      const reply = await send(workspace, 'GET', path)
      expect(reply.headers.get('x-databricks-org-id')).toBe('900800700600')
      expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
    const absent = await send(workspace, 'GET', `${PROJECTS}/absent`)
    const id = absent.headers.get('x-request-id')?.replaceAll('-', '')
    expect(absent.body).toEqual({
      error_code: 'NOT_FOUND',
      message: `project id not found [TraceId: ${id}]`,
    })
  })

  test('names the error in a header too, so that clients can say it in another language', async () => {
    const url = `${PROJECTS}?project_id=p`
    const inJapanese = async (body: object | undefined, path: string) => {
      const reply = await send(
        workspace,
        body ? 'POST' : 'GET',
        path,
        body ? { body: JSON.stringify(body) } : {},
      )
      return headerInJapanese(reply.headers.get('lakelet-error'))
    }
    expect(await inJapanese(undefined, `${PROJECTS}/absent`)).toContain('project が見つかりません')
    expect(await inJapanese({ spec: { display_name: 'x'.repeat(300) } }, url)).toMatch(
      /^フィールド「spec.display_name」: \d+ 文字以内で入力してください$/,
    )
    expect(await inJapanese({ spec: { pg_version: 'x' } }, url)).toContain(
      'フィールド「spec.pg_version」: 値の種類が違います',
    )
    expect(await inJapanese({ spec: { history_retention_duration: '1s' } }, url)).toContain(
      '復元ウィンドウが 1s',
    )
    expect(await inJapanese(undefined, `${PROJECTS}/${'x'.repeat(3000)}/branches`)).toContain(
      '見つかりません',
    )
  })

  test('wants a token, and says no more than that', async () => {
    for (const token of [undefined, 'dapi00000000000000000000000000000000', 'eyJhbGciOiJub25lIn0.e30.']) {
      const reply = await send(workspace, 'GET', PROJECTS, { token })
      expect(reply).toMatchObject({ status: 401, body: { error_code: 'UNAUTHENTICATED' } })
    }
  })

  test('refuses bodies that are no JSON', async () => {
    const url = `${PROJECTS}?project_id=p`
    const broken = await send(workspace, 'POST', url, { body: '{"spec":' })
    expect(broken).toMatchObject({ status: 400, body: { error_code: 'MALFORMED_REQUEST' } })
    const form = await send(workspace, 'POST', url, {
      body: 'spec=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(form).toMatchObject({ status: 415 })
    for (const body of ['[]', '"text"', '12', 'null', '{"spec":[]}', '{"spec":{"pg_version":"17"}}']) {
      const reply = await send(workspace, 'POST', url, { body })
      expect(reply).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
    }
  })

  test('refuses bodies that are too large, before it has read them', async () => {
    const body = JSON.stringify({ spec: { display_name: 'x'.repeat(2 * 1024 * 1024) } })
    const reply = await send(workspace, 'POST', `${PROJECTS}?project_id=p`, { body })
    expect(reply).toMatchObject({ status: 413, body: { error_code: 'RESOURCE_LIMIT_EXCEEDED' } })
    expect(reply.body['message']).toContain('1048576 bytes')
  })

  test('ends requests that do not arrive in time', async () => {
    const head = `POST ${PROJECTS}?project_id=p HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${workspace.tokens.jane}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"error_code":"DEADLINE_EXCEEDED"/)
    expect(await raw('GET / HTTP/1.1\r\nHost: 127')).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('takes the connection from clients that dribble and never close', async () => {
    const letGo = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const socket = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true })
        const gone = new Promise<true>((resolve) => socket.once('close', () => resolve(true)))
        socket.on('error', () => {})
        socket.resume()
        socket.write(index % 2 ? `POST ${PROJECTS} HTTP/1.1\r\nHost: 127.0.0.1\r\n` : 'GET / HT')
        const drip = setInterval(() => socket.writable && socket.write('x'), 200)
        void gone.then(() => clearInterval(drip))
        return gone
      }),
    )
    // They never end their side themselves.
    expect(letGo).toEqual(Array.from({ length: 100 }, () => true))
  })

  test('takes the connection from clients whose body dribbles', async () => {
    const head = `POST ${PROJECTS}?project_id=p HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${workspace.tokens.jane}\r\nContent-Type: application/json\r\n`
    const letGo = ['Content-Length: 100000\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n'].map((framing) => {
      const socket = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true })
      const gone = new Promise<true>((resolve) => socket.once('close', () => resolve(true)))
      socket.on('error', () => {})
      socket.resume()
      socket.write(head + framing)
      const drop = framing.startsWith('T') ? '1\r\n{\r\n' : '{'
      const drip = setInterval(() => socket.writable && socket.write(drop), 100)
      void gone.then(() => clearInterval(drip))
      return gone
    })
    expect(await Promise.all(letGo)).toEqual([true, true])
  })

  test('answers what is no HTTP with 400, and goes on', async () => {
    expect(await raw('\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*MALFORMED_REQUEST/)
    expect(await raw(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(160 * 1024)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    )
    expect(await raw('GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*cannot be decoded/,
    )
    expect(await send(workspace, 'GET', PROJECTS)).toMatchObject({ status: 200 })
  })

  test('serves its own names only', async () => {
    const get = (host: string) =>
      raw(
        `GET ${PROJECTS} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${workspace.tokens.jane}\r\nConnection: close\r\n\r\n`,
      )
    for (const host of [
      'evil.example',
      'evil.example:8080',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ]) {
      expect(`${host}: ${await get(host)}`).toMatch(/: HTTP\/1\.1 421 [\s\S]*MALFORMED_REQUEST/)
    }
    for (const host of ['localhost', `127.0.0.1:${port()}`, '[::1]:80', 'my-app.localhost', '10.0.0.7']) {
      expect(`${host}: ${await get(host)}`).toMatch(/: HTTP\/1\.1 200 /)
    }
  })

  test('takes no writes from pages of other sites', async () => {
    const post = (origin: string, headers: Record<string, string> = {}) =>
      send(workspace, 'POST', '/telemetry-ext', {
        body: { protoLogs: ['{}'] },
        headers: { origin, ...headers },
      })
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
      expect(await post(origin)).toMatchObject({ status: 403 })
    }
    expect(await post(workspace.host)).toMatchObject({ status: 200 })
    expect(
      await send(workspace, 'GET', PROJECTS, { headers: { origin: 'https://evil.example' } }),
    ).toMatchObject({ status: 200 })
  })

  test('refuses parameters that are no numbers, no flags, or given twice', async () => {
    for (const query of [
      'page_size=many',
      'page_size=-1',
      'page_size=1.5',
      'show_deleted=perhaps',
      'page_token=nonsense',
      `page_token=${Buffer.from('["branches x",1]').toString('base64url')}`,
      'page_token=a&page_token=b',
    ]) {
      const reply = await send(workspace, 'GET', `${PROJECTS}?${query}`)
      expect(reply).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
    }
    expect(await send(workspace, 'GET', `${PROJECTS}?page_size=0&page_token=&unknown=1`)).toMatchObject({
      status: 200,
    })
  })

  test('survives clients that go away', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const gone = request({
          port: port(),
          method: 'POST',
          path: `${PROJECTS}?project_id=p`,
          headers: { authorization: `Bearer ${workspace.tokens.jane}`, 'content-length': 1000 },
        })
        const closed = new Promise((resolve) => gone.once('close', resolve))
        gone.once('error', () => undefined)
        gone.write('{')
        await new Promise((resolve) => setTimeout(resolve, 5))
        gone.destroy()
        await closed
      }),
    )
    expect(await send(workspace, 'GET', PROJECTS)).toMatchObject({ status: 200 })
  })

  test('answers telemetry with the number of its lines', async () => {
    const reply = await send(workspace, 'POST', '/telemetry-ext', {
      token: undefined,
      body: { uploadTime: 1, items: [], protoLogs: ['{}', '{}', '{}'] },
    })
    expect(reply).toMatchObject({ status: 200, body: { errors: [], numProtoSuccess: 3 } })
  })

  test('what a workspace does not have: lists are empty, writes are refused by name', async () => {
    for (const path of ['/api/2.0/database/instances', '/api/2.0/sql/warehouses', '/api/2.1/clusters/list']) {
      expect(await send(workspace, 'GET', path)).toMatchObject({ status: 200, body: {} })
    }
    const refused = await send(workspace, 'POST', '/api/2.0/postgres/catalogs?catalog_id=c', { body: {} })
    expect(refused).toMatchObject({ status: 400, body: { error_code: 'FEATURE_DISABLED' } })
    expect(refused.body['message']).toContain('Unity Catalog')
    expect(await send(workspace, 'GET', '/api/2.0/postgres/catalogs/c')).toMatchObject({
      status: 404,
      body: { message: expect.stringMatching(/^catalog id not found \[TraceId: /) },
    })
    expect(await send(workspace, 'GET', `${PROJECTS}/absent/snapshots`)).toMatchObject({
      status: 404,
      body: { message: expect.stringMatching(/^project id not found/) },
    })
  })

  /** Sends bytes and returns all that comes back until the server closes. */
  function raw(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port(), '127.0.0.1', () => socket.write(bytes, 'latin1'))
      let received = ''
      socket.setEncoding('utf8')
      socket.on('data', (text: string) => {
        received += text
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(received))
    })
  }
})

test('one principal cannot take the server from the others', async () => {
  await using workspace = await startFreshControl({ rateLimit: { perSecond: 0.5, burst: 3 } })
  const list = (name: 'jane' | 'bob') => send(workspace, 'GET', PROJECTS, { token: workspace.tokens[name] })
  for (let request = 0; request < 3; request += 1) expect(await list('jane')).toMatchObject({ status: 200 })
  const limited = await list('jane')
  expect(limited).toMatchObject({ status: 429, body: { error_code: 'REQUEST_LIMIT_EXCEEDED' } })
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(await list('bob')).toMatchObject({ status: 200 })
  await expect(workspace.as('jane').call(projectRoutes.listProjects, {})).rejects.toMatchObject({
    status: 429,
  })
})
