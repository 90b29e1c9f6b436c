// Two apps that want all of the machine, beside one that only wants to answer: in sandboxes, and held to small sizes.
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AppsApi, startAppsApi, visit } from '../../packages/server/tests/apps/apps-api.ts'
import { tryHosting } from '../../packages/server/src/apps/try-hosting.ts'
import { expectInLog } from '../guards/log-guard.ts'

const MB = 1024 ** 2
const SMALL = { cpus: 0.5, memoryBytes: 300 * MB, processes: 60, diskBytes: 200 * MB }
const sizes = { MEDIUM: SMALL, LARGE: SMALL, XLARGE: SMALL }

/** Does what it is told; SIGTERM is nothing to it. */
const HOSTILE = `
const fs = require('node:fs'), net = require('node:net'), { spawn, spawnSync } = require('node:child_process')
process.on('SIGTERM', () => console.log('never'))
require('node:http').createServer((request, reply) => {
  let text = ''
  request.on('data', (chunk) => { text += chunk }).on('end', async () => {
    try { reply.end(JSON.stringify(await eval(text)) ?? 'null') } catch (error) { reply.end(JSON.stringify(String(error))) }
  })
}).listen(8000)`
const PEACEFUL = `require('node:http').createServer((request, reply) => reply.end(JSON.stringify(request.headers))).listen(8000)`

const { sandbox, why, limits } = await tryHosting()

describe.skipIf(sandbox === 'none')(`hostile apps${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let api: AppsApi
  let stranger: Server
  const urls: Record<string, string> = {}

  beforeAll(async () => {
    stranger = createServer((_, reply) => reply.end('here')).listen(0, '127.0.0.1')
    api = await startAppsApi({ isolation: 'auto', sizes })
    await Promise.all([deploy('good', PEACEFUL), deploy('bad', HOSTILE), deploy('worse', HOSTILE)])
  })
  afterAll(async () => {
    await api[Symbol.asyncDispose]()
    await new Promise((resolve) => stranger.close(resolve))
  })

  async function deploy(name: string, script: string, more: Record<string, string> = {}) {
    const { body } = await api.call('POST', '/api/2.0/apps', { name })
    urls[name] = body.url
    await api.upload(`/Shared/${name}`, {
      'a.js': script,
      'app.yaml': `command: ['${process.execPath}', 'a.js']`,
      ...more,
    })
    return api.deploy(name, { source_code_path: `/Workspace/Shared/${name}` })
  }

  async function tell<T>(name: string, script: string): Promise<T> {
    const page = await visit(urls[name] ?? '', {
      method: 'POST',
      headers: { authorization: 'Bearer admin' },
      body: script,
    })
    return JSON.parse(page.text) as T
  }

  async function logOf(name: string): Promise<string> {
    const { body } = await api.call('GET', `/api/2.0/lakelet/apps/${name}/logs?tail_lines=1000`)
    return body.lines.map((each) => each.message).join('\n')
  }

  /** The neighbour answers, and the workspace does. */
  async function expectPeace(): Promise<void> {
    const began = performance.now()
    expect((await visit(urls['good'] ?? '')).status).toBe(200)
    expect((await api.call('GET', '/api/2.0/apps/good')).body.app_status.state).toBe('RUNNING')
    expect(performance.now() - began).toBeLessThan(3000)
  }

  it('read nothing that is not theirs, and reach nobody', async () => {
    const address = stranger.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const socket = path.join(api.directory, 'run', '.s.PGSQL.5432')
    const found = await tell<Record<string, string>>(
      'bad',
      `(async () => {
          const read = (file) => { try { return 'read ' + fs.readFileSync(file).length } catch (error) { return error.code } }
          const list = (file) => { try { return fs.readdirSync(file).join(' ') } catch (error) { return error.code } }
          const dial = (where) => new Promise((resolve) => net.connect(where).once('connect', () => resolve('connected')).once('error', (error) => resolve(error.code)))
          const bind = () => new Promise((resolve) => net.createServer().once('error', (error) => resolve(error.code)).listen(${JSON.stringify(Number(new URL(urls['good'] ?? '').port))}, '127.0.0.1', () => resolve('bound')))
          return {
            metadata: read('${api.directory}/metadata.sqlite'), secret: read('${api.directory}/apps/by-name/worse/client-secret'),
            names: list('${api.directory}/apps/by-name'), root: list('/root'), shadow: read('/etc/shadow'),
            processes: String(list('/proc').split(' ').filter((each) => /^[0-9]+$/.test(each)).length < 6),
            stranger: await dial(${port}), socket: await dial('${socket}'), bound: await bind(),
          }
        })()`,
    )
    expect(found).toEqual({
      metadata: 'ENOENT',
      secret: 'ENOENT',
      names: 'bad',
      root: 'ENOENT',
      shadow: 'EACCES',
      processes: 'true',
      stranger: 'ECONNREFUSED',
      socket: 'ENOENT',
      // In a network of its own, which its neighbour is not in.
      bound: 'bound',
    })
    await expectPeace()
  })

  it('cannot speak for anybody', async () => {
    const headers = {
      authorization: 'Bearer visitor',
      'x-forwarded-user': 'admin',
      'x-forwarded-email': 'admin',
    }
    const page = await visit(urls['good'] ?? '', { headers })
    expect(JSON.parse(page.text)).toMatchObject({
      'x-forwarded-user': expect.stringMatching(/^visitor/) as string,
    })
  })

  it.skipIf(limits.processes.held === 'advisory')('do not fork beyond their size', async () => {
    const made = await tell<number>(
      'worse',
      `(async () => { let made = 0
          for (let i = 0; i < 200; i++) await new Promise((resolve) => spawn('sleep', ['30']).once('spawn', () => { made++; resolve() }).once('error', resolve))
          return made })()`,
    )
    expect(made).toBeGreaterThan(5)
    expect(made).toBeLessThan(SMALL.processes)
    await expectPeace()
  })

  it.skipIf(limits.cpu.held === 'advisory')('compute no more than their share', async () => {
    const used = await tell<number>(
      'bad',
      `(() => { const before = process.cpuUsage(), until = Date.now() + 1500; while (Date.now() < until); const { user, system } = process.cpuUsage(before); return (user + system) / 1.5e6 })()`,
    )
    expect(used).toBeLessThan(SMALL.cpus * 1.4)
  })

  it('flood the log, and the rest goes on', async () => {
    await tell(
      'bad',
      `spawn('/bin/sh', ['-c', 'timeout 2 yes this is written again and again'], { stdio: ['ignore', 1, 2] }), 1`,
    )
    await expectPeace()
    await expect.poll(() => logOf('bad')).toContain('again and again')
  })

  it.skipIf(limits.memory.held === 'advisory')('end where they take more memory than they have', async () => {
    expectInLog(/app ended by itself/)
    await tell(
      'worse',
      `setTimeout(() => { const kept = []; for (;;) kept.push(Buffer.alloc(${10 * MB}, 1)) }, 50), 1`,
    )
    await expect
      .poll(() => logOf('worse'), { timeout: 20_000 })
      .toMatch(
        limits.memory.held === 'enforced' ? /killed by SIGKILL: it needed more memory than/ : /The app /,
      )
    await expectPeace()
  })

  it('end where they fill the disk, and begin again with an empty home', async () => {
    expectInLog(/app ended by itself/)
    await tell(
      'bad',
      `spawn('/bin/sh', ['-c', 'for i in 1 2 3 4 5; do head -c 50M /dev/zero > $HOME/fill$i; done']), 1`,
    )
    await expect
      .poll(() => logOf('bad'), { timeout: 20_000 })
      .toMatch(/The app took more disk than its size has \(2\d\d MB of 200 MB\)/)
    await expectPeace()
    await expect
      .poll(() => tell('bad', `fs.readdirSync(process.env.HOME).join(' ')`).catch(String), {
        timeout: 20_000,
      })
      .toBe('tmp')
  })

  it('build where they run: an install script reads nothing of the workspace', async () => {
    const script = `const fs = require('fs'); const list = (file) => { try { return fs.readdirSync(file).join(' ') } catch (error) { return error.code } }
        console.log('data: ' + list('${api.directory}') + ', root: ' + list('/root') + ', names: ' + list('${api.directory}/apps/by-name') + ', processes: ' + (list('/proc').split(' ').filter((each) => /^[0-9]+$/.test(each)).length < 12))
        require('net').connect(${new URL(urls['good'] ?? 'http://x:1').port}, '127.0.0.1').once('error', (error) => console.log('neighbour: ' + error.code)).once('connect', () => console.log('neighbour: connected'))`
    const { status } = await deploy('built', PEACEFUL, {
      'package.json': JSON.stringify({ scripts: { preinstall: 'node read.js' } }),
      'read.js': script,
    })
    expect(status, status.message).toMatchObject({ state: 'SUCCEEDED' })
    const log = await logOf('built')
    expect(log).toContain('data: apps, root: ENOENT, names: built, processes: true')
    expect(log).toContain('neighbour: ECONNREFUSED')
  })

  it('go, when they are told to, without being asked', async () => {
    const began = performance.now()
    await Promise.all(['bad', 'worse'].map((name) => api.call('DELETE', `/api/2.0/apps/${name}`)))
    await expect
      .poll(async () => (await api.call('GET', '/api/2.0/apps/bad')).status, { timeout: 20_000 })
      .toBe(404)
    expect(performance.now() - began).toBeLessThan(20_000)
    await expectPeace()
  })
})
