// The published package as users get it: built, packed, installed into an empty folder of an empty home, and then the whole tutorial
// from it. In `npm test` on this Node, in `npm run soak` on the oldest one, too.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { npmWith } from '../../../tests/clients/npm.ts'
import { isSoak } from '../../../tests/hostile/duration.ts'
import { pythonWith } from '../../../tests/clients/python.ts'
import { writeFiles } from '../../../tests/system/workspace.ts'
import { type Action, Checkout, type Step, type Workflow } from './checkout.ts'
import { type Project, install } from './project.ts'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')

/** The oldest line of Node that the package promises, from npm. */
const OLDEST = `node-${process.platform}-${process.arch}@22.23.3`

let built: string
let tarball: string
let connector: string
let cloud: Server
const asked: string[] = []

beforeAll(async () => {
  built = await mkdtemp(path.join(tmpdir(), 'lakelet-package-'))
  await chmod(built, 0o755)
  await run(process.execPath, ['--conditions=lakelet:source', 'tools/build.ts', '--out', built], {
    cwd: root,
  })
  tarball = path.join(built, 'lakelet-0.1.0.tgz')
  connector = path.join(built, 'lakelet-connect-0.1.0.tgz')
  cloud = createServer((request, reply) => {
    asked.push(`${request.method} ${request.url}`)
    reply.writeHead(500).end()
  }).listen(0)
  await once(cloud, 'listening')
})

const cloudPort = () => (cloud.address() as AddressInfo).port

afterEach(() => {
  expect(asked).toEqual([])
})

afterAll(async () => {
  cloud?.closeAllConnections()
  cloud?.close()
  await rm(built, { recursive: true, force: true })
})

describe('the tarball', () => {
  it('is what its manifest says, in every way of importing', async () => {
    const { publint } = await import('publint')
    const { messages } = await publint({ pkgDir: path.join(built, 'lakelet'), strict: true })
    expect(messages).toEqual([])
    const attw = path.join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const { stdout } = await run(process.execPath, [attw, tarball, '--profile', 'esm-only', '--no-color'])
    // It ends with an exit code, and so with a rejection, when something is wrong.
    expect(stdout).toMatch(/bundler +│ .*│/)
    expect(stdout).not.toContain('Resolution failed')
  })

  it('holds dependencies with exact versions, and nothing of the repository alone', async () => {
    const text = await readFile(path.join(built, 'lakelet/package.json'), 'utf8')
    expect(text).not.toMatch(/lakelet:source|@lakelet|devDependencies/)
    const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
    for (const version of Object.values(dependencies))
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/)
    const bin = path.join(built, 'lakelet/dist/lakelet/src/bin.js')
    expect(await readFile(bin, 'utf8')).toContain('//# sourceMappingURL=bin.js.map')
    expect(existsSync(`${bin}.map`)).toBe(true)
  })
})

/** What a person does in the first hour; gives the major version of the Node that did it. */
async function firstHour(project: Project, node: string): Promise<string> {
  expect(await project.lakelet('--version')).toBe('0.1.0\n')
  await project.up('--tutorial', '--template', 'notes-node')
  expect(project.said).toContain('Page of the app: shows the notes')
  expect(project.said).toContain('`npx lakelet open` makes another')
  expect(project.said).not.toContain('ExperimentalWarning')

  const { host, apps } = JSON.parse(await project.lakelet('status', '-o', 'json')) as {
    host: string
    apps: { name: string; state: string }[]
  }
  expect(apps).toMatchObject([{ name: 'my-lakebase-app', state: 'RUNNING' }])
  expect(await project.lakelet('sql', 'SELECT content FROM notes ORDER BY id LIMIT 1')).toBe(
    'content\nWelcome to Lakebase Autoscaling!\n',
  )
  await showsTheConsole((await project.lakelet('open')).trim(), host)
  const log = await readFile(path.join(project.folder, '.lakelet/lakelet.log'), 'utf8')
  expect(log.split('\n').filter((line) => /"level":[56]0/.test(line))).toEqual([])
  await project.lakelet('down')
  expect(await project.ended()).toBe(0)

  const program = `import { startWorkspace } from 'lakelet'
    const workspace = await startWorkspace({ httpPort: 0, postgresPort: 0 })
    const { status } = await fetch(workspace.host + '/.well-known/databricks-config')
    console.log(process.versions.node.split('.')[0], status, workspace.ownerEmail)
    await workspace[Symbol.asyncDispose]()`
  await writeFile(path.join(project.folder, 'main.js'), program)
  const { stdout } = await run(node, ['main.js'], { cwd: project.folder, env: project.env })
  expect(stdout).toMatch(/^2\d 200 jane\.doe@example\.com\n$/)
  return stdout.slice(0, 2)
}

/** Signs in by the link, as a browser does, and loads what the console's page begins with. */
async function showsTheConsole(link: string, host: string): Promise<void> {
  const code = new URL(link).searchParams.get('code') ?? ''
  const signedIn = await fetch(`${host}/sign-in/link`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: host },
    body: new URLSearchParams({ code }),
  })
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const page = await fetch(`${host}/`, { headers: { cookie } })
  expect(page.status).toBe(200)
  const script = /<script type="module" src="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  expect((await fetch(`${host}${script}`)).status).toBe(200)
  const styles = await fetch(`${host}/assets/pages.css`)
  expect(await styles.text()).toContain('--')
}

describe('in a project', { timeout: 240_000 }, () => {
  let project: Project
  beforeAll(async () => {
    project = await install([tarball, connector], process.execPath, cloudPort())
  })
  afterAll(() => project?.[Symbol.asyncDispose]())

  it('performs the tutorial from an empty folder', async () => {
    expect(await firstHour(project, process.execPath)).toBe(process.versions.node.slice(0, 2))
  })

  it('has types for every entry under every way of resolving modules', async () => {
    await writeFiles(project.folder, { 'entries.ts': TYPED_PROGRAM })
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    for (const [resolution, module] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['bundler', 'esnext'],
    ] as const) {
      const flags = ['--strict', '--noEmit', '--target', 'es2022', '--types', '']
      const modules = ['--module', module, '--moduleResolution', resolution]
      const checked = run(process.execPath, [tsc, ...flags, ...modules, 'entries.ts'], {
        cwd: project.folder,
      })
      expect(await checked.catch((error: unknown) => error as { stdout: string })).toMatchObject({
        stdout: '',
      })
    }
  })

  it('tests with Vitest as docs/testing.md says, in each run anew', async () => {
    await writeFiles(project.folder, await filesOf('Vitest'))
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
    for (let number = 0; number < 2; number++) {
      const { stdout } = await run(process.execPath, [vitest, 'run', '--no-color'], {
        cwd: project.folder,
        env: project.env,
      })
      expect(stdout).toMatch(/Tests +1 passed/)
    }
  })

  it.runIf(isSoak)(
    'tests pull requests as docs/ci.md says, and shows the log when they fail, which takes npm run soak',
    async () => {
      const [withAction, withShell] = await workflows()
      const action = parse(await readFile(path.join(root, 'action.yml'), 'utf8')) as Action
      const checkout = await checkoutOf(project)
      const passed = await checkout.job(withAction, { 'lakelet/lakelet': action })
      expect(passed.failed, passed.log).toBe(false)
      expect(passed.log).toContain('on branch run-4242-1-unit-tests as jane.doe@example.com')
      expect(passed.log).toContain('::add-mask::ey')

      // The next runner has what `npm ci` brought the first one, and nothing else of it.
      await rm(path.join(checkout.folder, '.lakelet'), { recursive: true })
      await writeFile(path.join(checkout.folder, 'fail'), '')
      const next = new Checkout(checkout.folder, await runnerEnv(project))
      const failed = await next.job(withShell.filter(({ run: command }) => command !== 'npm ci'))
      expect(failed.failed).toBe(true)
      expect(failed.log).toContain('on branch run-4242 as jane.doe@example.com')
      expect(failed.steps.slice(-2)).toEqual(['Log of the workspace', 'Stop the workspace'])
      expect(existsSync(path.join(checkout.folder, '.lakelet/workspace.json'))).toBe(false)
    },
  )

  it.runIf(isSoak)(
    'is put on a machine by the action and the dev container feature, which takes npm run soak',
    async () => {
      const action = parse(await readFile(path.join(root, 'action.yml'), 'utf8')) as Action
      const [install] = action.runs.steps
      const steps = [install, { run: 'lakelet --version' }] as Step[]
      const checkout = new Checkout(path.join(project.folder, 'empty'), await runnerEnv(project))
      await mkdir(checkout.folder)
      const only = { ...action, outputs: {}, runs: { steps } }
      await checkout.action(only, { version: `file:${tarball}` }, root)
      expect(checkout.log).toMatch(/^0\.1\.0$/m)

      const feature = path.join(root, 'devcontainer/src/lakelet')
      const { id, version } = JSON.parse(
        await readFile(path.join(feature, 'devcontainer-feature.json'), 'utf8'),
      ) as Record<string, string>
      expect({ id, version }).toEqual({ id: path.basename(feature), version: '0.1.0' })
      const prefix = path.join(project.folder, 'global')
      const env = { ...(await runnerEnv(project)), npm_config_prefix: prefix, VERSION: `file:${tarball}` }
      env.PATH = [path.join(prefix, 'bin'), env.PATH].join(path.delimiter)
      const { stdout } = await run('sh', [path.join(feature, 'install.sh')], { cwd: project.folder, env })
      expect(stdout).toMatch(/^0\.1\.0$/m)
      const bare = run('/bin/sh', [path.join(feature, 'install.sh')], { env: { PATH: '/nowhere' } })
      await expect(bare).rejects.toThrow('there is no npm in this image. Lakelet needs Node 22.18 or newer')
    },
  )

  it.runIf(isSoak)('tests with Jest as docs/testing.md says, which takes npm run soak', async () => {
    const jest = path.join(await npmWith(['jest@30.5.2']), 'node_modules/jest/bin/jest.js')
    const { 'seed.js': seed = '' } = await filesOf('Vitest')
    await writeFiles(project.folder, { 'seed.js': seed, ...(await filesOf('Jest')) })
    // Jest keeps a cache in the temporary directory, which is not the project's.
    const args = [`--cacheDirectory=${path.join(project.folder, '.jest')}`, 'notes.test.js']
    const { stderr } = await run(process.execPath, ['--experimental-vm-modules', jest, ...args], {
      cwd: project.folder,
      env: project.env,
    })
    expect(stderr).toMatch(/Tests: +1 passed/)
  })

  it.runIf(isSoak)('tests with pytest as docs/testing.md says, which takes npm run soak', async () => {
    const python = await pythonWith(['pytest==8.4.2', 'psycopg[binary]==3.3.9'])
    await writeFiles(project.folder, await filesOf('pytest'))
    const pytest = async (env: Record<string, string> = {}) =>
      (
        await run(python, ['-m', 'pytest', '-q'], {
          cwd: project.folder,
          env: { ...project.env, ...env },
        })
      ).stdout
    for (let number = 0; number < 2; number++) expect(await pytest()).toContain('1 passed')
    // In a workspace that runs, and with a branch for each of two tests.
    await project.lakelet('up', '--detach', '--wait', '--http-port', '0', '--postgres-port', '0')
    try {
      await project.lakelet('postgres', 'create-project', 'shop')
      await project.lakelet('link', 'shop')
      const { 'pytest.ini': ini = '', 'test_notes.py': tests = '' } = await filesOf('pytest')
      await writeFiles(project.folder, {
        'pytest.ini': `${ini}lakelet_branch_per = test\n`,
        'test_notes.py': `${tests}\n\ntest_again = test_adds_a_note\n`,
      })
      expect(await pytest({ LAKELET_TEST_BRANCH: 'production' })).toContain('2 passed')
      const left = await project.lakelet('postgres', 'list-branches', 'projects/shop', '-o', 'json')
      expect(left).not.toMatch(/branches\/(?:run|test)-/)
    } finally {
      await project.lakelet('down')
    }
  })
})

/** The files that a section of docs/testing.md shows: what begins with a comment that is the name of one. */
async function filesOf(section: string): Promise<Record<string, string>> {
  const page = await readFile(path.join(root, 'docs/testing.md'), 'utf8')
  const [, text = ''] = new RegExp(`^## ${section}\n([^]*?)^## `, 'm').exec(page) ?? []
  const blocks = [...text.matchAll(/^```\w+\n(?:\/\/|#) (\S+\.\w+)\n([^]*?)^```$/gm)]
  return Object.fromEntries(blocks.map(([, name = '', content = '']) => [name, content]))
}

/** Steps of the workflows of docs/ci.md, after asking the schemas of GitHub about them and the action. */
async function workflows(): Promise<[withAction: readonly Step[], withShell: readonly Step[]]> {
  const page = await readFile(path.join(root, 'docs/ci.md'), 'utf8')
  const texts = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text ?? '')
  const core = await npmWith(['@action-validator/core@0.6.0'])
  const { validateWorkflow, validateAction } = createRequire(path.join(core, 'package.json'))(
    '@action-validator/core',
  ) as Record<'validateWorkflow' | 'validateAction', (text: string) => { errors: unknown[] }>
  for (const text of texts) expect(validateWorkflow(text).errors).toEqual([])
  expect(validateAction(await readFile(path.join(root, 'action.yml'), 'utf8')).errors).toEqual([])
  expect(validateAction('name: none').errors).not.toEqual([])
  const [first = [], second = []] = texts.map((text) => (parse(text) as Workflow).jobs['test']?.steps ?? [])
  return [first, second]
}

/** What is checked out: a project that depends on the package, with its lock file and a test. */
async function checkoutOf(project: Project): Promise<Checkout> {
  const folder = path.join(project.folder, 'checkout')
  const [manifest = '', lock = ''] = await Promise.all(
    ['package.json', 'package-lock.json'].map(async (name) => {
      const text = await readFile(path.join(project.folder, name), 'utf8')
      return text.replaceAll('file:../', 'file:../../')
    }),
  )
  const scripts = { scripts: { test: 'node --test' } }
  await writeFiles(folder, {
    'package.json': JSON.stringify({ ...(JSON.parse(manifest) as object), ...scripts }),
    'package-lock.json': lock,
    'notes.test.js': CI_TEST,
  })
  return new Checkout(folder, await runnerEnv(project))
}

/** The environment of a runner, with npm's own cache. */
async function runnerEnv(project: Project): Promise<Record<string, string> & { PATH: string }> {
  const { stdout: cache } = await run('npm', ['config', 'get', 'cache'])
  const quiet = { npm_config_cache: cache.trim(), npm_config_prefer_offline: 'true' }
  return { PATH: '', ...project.env, ...quiet }
}

const CI_TEST = `import { existsSync } from 'node:fs'
import { test } from 'node:test'
import pg from 'pg'
test('the branch', async () => {
  const branch = process.env.ENDPOINT_NAME.split('/')[3]
  const client = new pg.Client()
  await client.connect()
  await client.query('CREATE TABLE notes (id int)')
  const { rows } = await client.query('SELECT current_user AS me')
  await client.end()
  console.log('on branch', branch, 'as', rows[0].me)
  if (existsSync('fail')) throw new Error('as asked')
})
`

/** Needs no types of others. */
const TYPED_PROGRAM = `import { startWorkspace, type Workspace } from 'lakelet'
import { startTestDatabase } from 'lakelet/testing'
import vitest from 'lakelet/vitest'
import jest from 'lakelet/jest'
import jestTeardown from 'lakelet/jest-teardown'
export const start: () => Promise<Workspace> = () => startWorkspace({ dataDir: '.lakelet', httpPort: 0 })
export const others: readonly Function[] = [startTestDatabase, vitest, jest, jestTeardown]
// @ts-expect-error a number is asked for
void startWorkspace({ httpPort: 'any' })
`

it.runIf(isSoak)(`does the same on ${OLDEST}, which takes npm run soak`, { timeout: 480_000 }, async () => {
  const name = OLDEST.slice(0, OLDEST.indexOf('@'))
  const node = path.join(await npmWith([OLDEST]), 'node_modules', name, 'bin/node')
  await using project = await install([tarball], node, cloudPort())
  expect(await firstHour(project, node)).toBe('22')
})
