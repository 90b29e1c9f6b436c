// Apps in sandboxes of this host: any number on the port that the platform gives, each alone with its files, processes and network.
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tryIsolation } from '../../src/apps/sandbox/sandboxes.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { type AppsApi, startAppsApi, visit } from './apps-api.ts'

const APPS = '/api/2.0/apps'
const node = process.execPath

/** Tells what it finds, and does what it is asked. */
const PROBE = `
const fs = require('node:fs'), http = require('node:http'), net = require('node:net')
const read = (file) => { try { return String(fs.readdirSync(file)) } catch (error) { return error.code } }
const dial = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1')
  socket.once('connect', () => { socket.destroy(); resolve('connected') })
  socket.once('error', (error) => resolve(error.code))
})
http.createServer(async (request, reply) => {
  const url = new URL(request.url, 'http://app')
  const of = url.searchParams.get('of')
  const answers = {
    '/name': () => process.argv[2],
    '/list': () => read(of),
    '/dial': () => dial(Number(of)),
    '/slow': () => new Promise((resolve) => setTimeout(() => resolve('slow'), Number(of))),
    '/processes': () => fs.readdirSync('/proc').filter((each) => /^[0-9]+$/.test(each)).length,
    '/who': () => process.getuid(),
    '/write': () => { fs.writeFileSync(of, 'x'); return 'written' },
  }
  try { reply.end(String(await answers[url.pathname]())) } catch (error) { reply.end(error.code ?? error.message) }
}).listen(PORT, '0.0.0.0')
`

const { sandbox, why } = await tryIsolation()

describe.skipIf(sandbox === 'none')(
  `sandboxes of apps${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let api: AppsApi
    let neighbour: Server
    let allowed: Server
    let overTls: Server
    beforeAll(async () => {
      neighbour = await listen()
      allowed = await listen()
      overTls = await listen()
      api = await startAppsApi({
        isolation: 'auto',
        localPorts: [portOf(allowed)],
        tlsPort: portOf(overTls),
      })
    })
    afterAll(async () => {
      await api[Symbol.asyncDispose]()
      for (const server of [neighbour, allowed, overTls])
        await new Promise((resolve) => server.close(resolve))
    })

    async function serve(name: string, version: string, port = '8000'): Promise<string> {
      if ((await api.call('GET', `${APPS}/${name}`)).status === 404) await api.call('POST', APPS, { name })
      await api.upload(`/Shared/${name}`, {
        'app.yaml': `command: ['${node}', 'a.js', '${version}']`,
        'a.js': PROBE.replace('PORT', port),
      })
      const { status } = await api.deploy(name, { source_code_path: `/Workspace/Shared/${name}` })
      expect(status.state, status.message).toBe('SUCCEEDED')
      return (await api.call('GET', `${APPS}/${name}`)).body.url
    }

    const ask = async (url: string, what: string) => (await visit(url + what)).text

    it('lets three apps on port 8000 run side by side, and two versions of one overlap without a failed request', async () => {
      const urls = [await serve('one', 'a'), await serve('two', 'b'), await serve('three', 'c')]
      expect(await Promise.all(urls.map((url) => ask(url, '/name')))).toEqual(['a', 'b', 'c'])
      const load = startLoad(`${urls[0]}/slow?of=20`)
      const slow = visit(`${urls[0]}/slow?of=1500`)
      await serve('one', 'next')
      await expect.poll(() => ask(urls[0] ?? '', '/name')).toBe('next')
      const { failed, answered } = await load.stop()
      expect(failed).toEqual([])
      expect(answered).toBeGreaterThan(10)
      expect((await slow).text).toBe('slow')
      const { body } = await api.call('GET', '/api/2.0/lakelet/apps/one/logs')
      expect(body.lines.map((each) => each.message)).toContain(
        'App started successfully, listening on port 8000',
      )
    })

    it('shows an app its own files, processes and network only', async () => {
      const url = await serve('alone', 'a')
      const list = (place: string) => ask(url, `/list?of=${encodeURIComponent(place)}`)
      const data = api.directory
      const told = await api.call('GET', '/api/2.0/lakelet/apps/alone/isolation')
      expect(told.body).toMatchObject({ sandbox: 'own' })
      expect(await list(data)).not.toMatch(/metadata|files/)
      expect(await list(path.join(data, 'apps', 'by-name'))).toBe('alone')
      expect(await list(path.join(data, 'apps', 'by-name', 'alone'))).not.toMatch(/client-secret|logs/)
      expect(await list('/root')).toBe('ENOENT')
      expect(Number(await ask(url, '/processes'))).toBeLessThan(5)
      expect(await ask(url, `/dial?of=${portOf(neighbour)}`)).toBe('ECONNREFUSED')
      expect(await ask(url, `/dial?of=${portOf(allowed)}`)).toBe('connected')
      // Where the workspace is looked for by its name alone.
      expect(await ask(url, '/dial?of=443')).toBe('connected')
      expect(await ask(url, `/dial?of=${portOf(overTls)}`)).toBe('ECONNREFUSED')
      expect(await ask(url, '/write?of=/tmp/x')).toBe('written')
      expect(await ask(url, '/write?of=/etc/x')).toBe('EROFS')
      expect(await ask(url, '/write?of=/x')).toBe('EROFS')
      expect(await ask(url, '/who')).not.toBe('0')
    })

    it.each(['3456', "3457, '::1').on('error', () => undefined); void ({ listen() {} }).listen(0"])(
      'reaches an app that listens elsewhere: %s',
      async (port) => {
        const url = await serve(`own-port-${port.length}`, 'own', port)
        expect(await ask(url, '/name')).toBe('own')
      },
    )

    it('starts an app again that crashed', async () => {
      expectInLog(/app ended by itself/)
      const url = await serve(
        'crashing',
        'a',
        "8000, () => setTimeout(() => fs.existsSync('/tmp/done') || (fs.writeFileSync('/tmp/done', ''), process.exit(3)), 800)); void ({ listen() {} }).listen(0",
      )
      const log = async () => {
        const { body } = await api.call('GET', '/api/2.0/lakelet/apps/crashing/logs')
        return body.lines.map((each) => each.message)
      }
      await expect.poll(log, { timeout: 10_000 }).toContain('The app exited with code 3')
      await expect.poll(() => ask(url, '/name'), { timeout: 10_000 }).toBe('a')
    })
  },
)

async function listen(): Promise<Server> {
  const server = createServer((_, reply) => reply.end('here')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** Asks again and again, four at a time. */
function startLoad(url: string) {
  const over = new AbortController()
  let answered = 0
  const failed: string[] = []
  const loop = async () => {
    while (!over.signal.aborted) {
      const reply = await visit(url).catch((error: unknown) => ({ status: 0, text: String(error) }))
      if (reply.status === 200) answered += 1
      else failed.push(`${reply.status} ${reply.text}`)
    }
  }
  const loops = Array.from({ length: 4 }, loop)
  return {
    async stop() {
      over.abort()
      await Promise.all(loops)
      return { failed, answered }
    },
  }
}
