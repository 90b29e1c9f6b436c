// Apps that want what is not theirs, that do not end, and that write without end.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AppsApi, startAppsApi, visit } from '../../packages/server/tests/apps/apps-api.ts'
import { scaled } from './duration.ts'

const node = process.execPath
const isRoot = process.getuid?.() === 0
const isLinux = process.platform === 'linux'

let api: AppsApi
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled)
  process.env['LAKELET_TEST_SECRET'] = 'of-the-workspace'
  process.env['npm_config__authToken'] = 'of-the-owner'
  api = await startAppsApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  delete process.env['LAKELET_TEST_SECRET']
  delete process.env['npm_config__authToken']
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
})

/** Evaluates what a visitor sends, in the app. */
const EVALUATES = `require('http').createServer((request, reply) => {
  let text = ''
  request.on('data', (chunk) => { text += chunk }).on('end', async () => {
    try { reply.end(JSON.stringify(await eval(text)) ?? 'null') } catch (error) { reply.end(JSON.stringify(String(error))) }
  })
}).listen(process.env.PORT, '127.0.0.1')`

async function serve(
  name: string,
  script = EVALUATES,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { body } = await api.call('POST', '/api/2.0/apps', { name })
  await api.upload(`/Shared/${name}`, { 'a.js': script, 'app.yaml': `command: ['${node}', 'a.js']`, ...more })
  const ended = await api.deploy(name, { source_code_path: `/Workspace/Shared/${name}` })
  if (ended.status.state !== 'SUCCEEDED') throw new Error(ended.status.message)
  return body.url
}

async function evaluate<T>(url: string, script: string): Promise<T> {
  const page = await visit(url, { method: 'POST', headers: { authorization: 'Bearer admin' }, body: script })
  return JSON.parse(page.text) as T
}

async function until(what: string, check: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await delay(50)) if (await check()) return
  throw new Error(`never happened: ${what}`)
}

/** Processes whose command line holds `word`. */
async function running(word: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => lines[index]?.includes(word)).map(Number)
}

const READ = (file: string) => `require('fs').readFileSync(${JSON.stringify(file)}, 'latin1').length`

describe.runIf(isRoot && isLinux)('an app of a workspace that root started', () => {
  let one: string
  let other: string
  beforeAll(async () => {
    one = await serve('reader')
    other = await serve('victim')
  })

  it('is an unprivileged user of its own, without groups and without a way back', async () => {
    const who = "[process.getuid(), process.getgid(), process.getgroups(), require('os').homedir()]"
    const [uid, gid, groups, home] = await evaluate<[number, number, number[], string]>(one, who)
    const [otherUid] = await evaluate<[number]>(other, who)
    expect(uid).toBeGreaterThan(1000)
    expect([gid, groups]).toEqual([uid, [uid]])
    expect(otherUid).not.toBe(uid)
    expect(home).toContain('by-name/reader/home')
    const status = await evaluate<string>(one, "require('fs').readFileSync('/proc/self/status', 'utf8')")
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    expect(
      await evaluate(one, `require('fs').writeFileSync(${JSON.stringify(path.join(home, 'x'))}, 'mine')`),
    ).toBeNull()
  })

  it("reads nothing of the workspace's, of another app's, and of their processes", async () => {
    const { pid, env } = await evaluate<{ pid: number; env: object }>(
      other,
      '({ pid: process.pid, env: process.env })',
    )
    expect(JSON.stringify(env)).toContain('DATABRICKS_CLIENT_SECRET')
    const apps = path.join(api.directory, 'apps')
    const files = [
      path.join(api.directory, 'metadata.sqlite'),
      path.join(apps, 'by-name/reader/client-secret'),
      path.join(apps, 'by-name/victim/client-secret'),
      path.join(apps, 'by-name/victim/logs/app.log'),
      `/proc/${pid}/environ`,
      `/proc/${process.pid}/environ`,
      `/proc/${pid}/cwd/a.js`,
    ]
    for (const file of files)
      expect([file, await evaluate<string>(one, READ(file))]).toEqual([
        file,
        expect.stringMatching(/EACCES|EPERM/),
      ])
    const lists = [
      api.directory,
      apps,
      path.join(apps, 'by-name'),
      path.join(apps, 'by-name/victim'),
      path.join(api.directory, 'files'),
    ]
    for (const directory of lists) {
      const list = `require('fs').readdirSync(${JSON.stringify(directory)})`
      expect([directory, await evaluate<string>(one, list)]).toEqual([
        directory,
        expect.stringMatching(/EACCES/),
      ])
    }
    expect(await evaluate(one, `process.kill(${pid}, 'SIGKILL')`)).toMatch(/EPERM/)
    expect(await evaluate(one, READ('a.js'))).toBe(EVALUATES.length)
  })

  it('builds as that user too', async () => {
    const build = `node -e "console.log('uid ' + process.getuid() + ' ' + JSON.stringify(process.env))"`
    const url = await serve('builder', EVALUATES, { 'package.json': JSON.stringify({ scripts: { build } }) })
    const uid = await evaluate<number>(url, 'process.getuid()')
    const { body } = await api.call('GET', '/api/2.0/lakelet/apps/builder/logs')
    expect(body.lines.map((each) => each.message)).toContainEqual(expect.stringContaining(`uid ${uid} `))
  })
})

describe('a build', () => {
  it('has an environment of its own, with nothing secret of the workspace in it', async () => {
    const build = `node -e "console.log(Object.entries(process.env).map((each) => 'env ' + each.join('=')).join('\\n'))"`
    await serve('clean', EVALUATES, { 'package.json': JSON.stringify({ scripts: { build } }) })
    const { body } = await api.call('GET', '/api/2.0/lakelet/apps/clean/logs?tail_lines=1000')
    const environment = body.lines.map((each) => each.message).filter((each) => each.startsWith('env '))
    expect(environment.length).toBeGreaterThan(3)
    expect(environment.join('\n')).not.toMatch(/of-the-workspace|of-the-owner|LAKELET_TEST|VITEST/)
  })

  it.each([
    [
      'a directory without rights',
      "fs.mkdirSync('x/y', { recursive: true }); fs.writeFileSync('x/y/z', ''); fs.chmodSync('x/y', 0); fs.chmodSync('x', 0)",
    ],
    [
      'a tree deeper than a path can be',
      "for (let i = 0; i < 1500; i++) { fs.mkdirSync('deepdeep'); process.chdir('deepdeep') }",
    ],
    [
      'links in a circle',
      "fs.symlinkSync('b', 'a'); fs.symlinkSync('a', 'b'); fs.symlinkSync('..', 'up'); fs.symlinkSync('/etc', 'etc')",
    ],
    [
      'pipes and sockets',
      "require('child_process').execSync('mkfifo pipe'); require('net').createServer().listen('socket', () => process.exit(3))",
    ],
  ])('that leaves %s is removed like any other', async (_what, script) => {
    const name = `leaves-${Math.random().toString(36).slice(2, 8)}`
    await api.call('POST', '/api/2.0/apps', { name })
    await api.upload(`/Shared/${name}`, {
      'make.js': `const fs = require('fs'); ${script}; setTimeout(() => process.exit(3), 300)`,
      'package.json': JSON.stringify({ scripts: { build: 'node make.js', start: 'node a.js' } }),
    })
    const ended = await api.deploy(name, { source_code_path: `/Shared/${name}` })
    expect(ended.status).toEqual({ state: 'FAILED', message: expect.stringContaining('exited with code 3') })
    const directory = path.join(api.directory, 'apps/by-name', name)
    await until(
      'the build is removed',
      () => !existsSync(path.join(directory, 'deployments', ended.deployment_id, 'source')),
    )
    await api.call('DELETE', `/api/2.0/apps/${name}`)
    await until('the app is removed', () => !existsSync(directory))
    expect(existsSync('/etc/passwd')).toBe(true)
  })
})

describe.runIf(isLinux)('what an app or a build starts apart from itself', () => {
  /** Forks twice, into a session of its own, with no environment, no pipes and another directory. */
  const daemon = (word: string) =>
    `require('child_process').spawn('/bin/sh', ['-c', "cd / && (setsid env -i /bin/sh -c 'trap : TERM HUP; while :; do sleep 1; done' ${word} </dev/null >/dev/null 2>&1 &) &"], { detached: true, stdio: 'ignore' }).unref()`

  it.each(['stop', 'delete', 'replace'])('ends with it: %s', async (how) => {
    const word = `stray-${how}-${process.pid}`
    const url = await serve(`strays-${how}`)
    await evaluate(url, `${daemon(word)}, 1`)
    await until('it runs', async () => (await running(word)).length > 0)
    if (how === 'stop') await api.call('POST', `/api/2.0/apps/strays-${how}/stop`, {})
    if (how === 'delete') await api.call('DELETE', `/api/2.0/apps/strays-${how}`)
    if (how === 'replace') await api.deploy(`strays-${how}`, { source_code_path: `/Shared/strays-${how}` })
    await until('nothing of it is left', async () => (await running(word)).length === 0)
    expect(await running(word)).toEqual([])
  })

  it('ends with the build', async () => {
    const word = `stray-build-${process.pid}`
    await serve('strays-build', EVALUATES, {
      'make.js': `${daemon(word)}; setTimeout(() => {}, 500)`,
      'package.json': JSON.stringify({ scripts: { build: 'node make.js' } }),
    })
    await until('nothing of it is left', async () => (await running(word)).length === 0)
    expect(await running(word)).toEqual([])
  })
})

describe('an app that writes without end', () => {
  it('is cut line by line, and the rest goes on', async () => {
    const url = await serve('flood')
    const xs = (bytes: string) => `head -c ${bytes} /dev/zero | tr '\\0' x`
    const [long, each] = [`${scaled(60, 600)}M`, `${scaled(1, 10)}M`]
    const script = `head -c 1M /dev/urandom; echo; ${xs(long)}; echo; for i in $(seq 100); do ${xs(each)}; echo; done; echo the end`
    await evaluate(
      url,
      `require('child_process').execSync(${JSON.stringify(script)}, { stdio: ['ignore', 1, 2] }), 1`,
    )
    await until('the end is there', async () => {
      const { body } = await api.call('GET', '/api/2.0/lakelet/apps/flood/logs?tail_lines=100')
      return body.lines.some((each) => each.message === 'the end')
    })
    const { body } = await api.call('GET', '/api/2.0/lakelet/apps/flood/logs?tail_lines=1000')
    const longest = Math.max(...body.lines.map((each) => each.message.length))
    expect(longest).toBeLessThan(17 * 1024 * 4)
    expect(
      body.lines.filter((each) => /more bytes of this line were dropped/.test(each.message)).length,
    ).toBeGreaterThanOrEqual(100)
    expect(await evaluate(url, '1 + 1')).toBe(2)
  })
})
