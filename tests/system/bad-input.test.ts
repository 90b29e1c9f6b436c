// What a person does wrong, and the one message that says so.
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  cliCommand,
  environment,
  runCommand,
  startTestWorkspace,
  type TestWorkspace,
  writeFiles,
} from './workspace.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bad-'))
  await chmod(directory, 0o755)
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Runs `lakelet up` to its end; it is expected to refuse. */
async function up(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ports = ['--http-port', '0', '--postgres-port', '0']
  const result = await runCommand([...cliCommand, 'up', ...ports, ...args], {
    cwd: directory,
    env: { ...environment(directory), ...env },
  })
  expect(result.code, result.stderr).toBeGreaterThan(0)
  expect(result.stdout).toBe('')
  expect(result.stderr).not.toMatch(/\n\s+at /)
  return result.stderr
}

describe('lakelet up refuses', () => {
  it('a port that is taken, naming it and the flag', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    expect(await up(['--data-dir', 'd', '--http-port', String(port)])).toContain(
      `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with --http-port`,
    )
    expect(await up(['--data-dir', 'd', '--postgres-port', String(port)])).toContain('--postgres-port')
    other.close()
    await once(other, 'close')
  })

  it('a data directory that another workspace uses, naming its process', async () => {
    await using workspace = await startTestWorkspace()
    expect(await up(['--data-dir', workspace.dataDir])).toContain(
      `in use by a running workspace (process ${workspace.pid}). Stop it with \`lakelet down\``,
    )
  })

  it('a data directory of a newer version', async () => {
    await mkdir(path.join(directory, 'd'), { mode: 0o711 })
    const metadata = new DatabaseSync(path.join(directory, 'd', 'metadata.sqlite'))
    metadata.exec(`CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT;
      INSERT INTO migrations VALUES ('9999-tomorrow.sql', '2099-01-01T00:00:00Z')`)
    metadata.close()
    expect(await up(['--data-dir', 'd'])).toContain(
      'was written by a newer version of Lakelet (it knows 9999-tomorrow.sql)',
    )
  })

  it.skipIf(process.getuid?.() !== 0)(
    'a data directory that the Postgres user cannot reach (needs root)',
    async () => {
      const closed = path.join(directory, 'closed')
      await mkdir(closed, { mode: 0o700 })
      const message = await up(['--data-dir', path.join(closed, 'd')])
      expect(message).toContain(closed)
      expect(message).toContain('--data-dir')
    },
  )

  it('a file in the place of the data directory', async () => {
    await writeFile(path.join(directory, 'file'), '')
    expect(await up(['--data-dir', 'file'])).toContain('cannot be used: ')
  })

  it('an address of other machines', async () => {
    expect(await up(['--data-dir', 'd', '--host', '0.0.0.0'])).toContain('Use --host 127.0.0.1')
  })

  it('a setting that does not exist, with a suggestion', async () => {
    await writeFiles(directory, { 'd/lakelet.toml': '[scaleToZero]\ndefaultSecond = 60\n' })
    expect(await up(['--data-dir', 'd'])).toContain("did you mean 'scaleToZero.defaultSeconds'?")
    await writeFiles(directory, { 'd/lakelet.toml': '' })
    expect(await up(['--data-dir', 'd'], { LAKELET_REGOIN: 'x' })).toContain("did you mean 'LAKELET_REGION'?")
  })

  it('a flag that does not exist', async () => {
    expect(await up(['--data-dri', 'd'])).toContain('--data-dir')
  })
})

describe('a running workspace refuses', () => {
  let workspace: TestWorkspace
  let programs: string

  beforeAll(async () => {
    programs = await pathWithoutPython()
    // Without networks of their own, so that ports of apps can be taken.
    workspace = await startTestWorkspace({ env: { PATH: programs, LAKELET_APPS_ISOLATION: 'off' } })
    await workspace.cli(['apps', 'create', 'web'])
  })

  afterAll(async () => {
    await workspace[Symbol.asyncDispose]()
    await rm(programs, { recursive: true })
  })

  async function deploy(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = `/Workspace/Users/${workspace.user}/${path.basename(directory)}`
    await writeFiles(path.join(directory, 'src'), files)
    await workspace.cli(['sync', path.join(directory, 'src'), folder])
    const result = await workspace.lakelet(['apps', 'deploy', 'web', '--source-code-path', folder])
    expect(result.code).toBeGreaterThan(0)
    return result.stderr
  }

  it('a project name that breaks the rules', async () => {
    for (const name of ['My_Project', '1st', 'x'.repeat(64)]) {
      const result = await workspace.lakelet(['postgres', 'create-project', name])
      expect(result.code).toBeGreaterThan(0)
      expect(result.stderr).toContain('must match pattern ^[a-z][a-z0-9-]{0,62}$')
    }
  })

  it('an app name that breaks the rules', async () => {
    const result = await workspace.lakelet(['apps', 'create', 'My App'])
    expect(result.code).toBeGreaterThan(0)
    expect(result.stderr).toMatch(/lower-?case/i)
  })

  it('an app.yaml with a mistake, by line and column', async () => {
    const message = await deploy({
      'app.yaml': "command: ['node', 'x.mjs']\nenv:\n  - nam: A\n    value: b\n",
      'x.mjs': '',
    })
    expect(message).toMatch(/app\.yaml.*line 3.*column 5/i)
  })

  it('an app without a start command', async () => {
    expect(await deploy({ 'README.md': 'nothing to run' })).toMatch(/app\.yaml.*command|command.*app\.yaml/i)
  })

  it('a build that fails, and shows its log', async () => {
    const message = await deploy({
      'app.yaml': "command: ['node', 'x.mjs']\n",
      'x.mjs': '',
      'package.json': '{"name":"web","scripts":{"build":"echo the build says no; exit 3"}}',
    })
    expect(message).toContain('the build says no')
  })

  it('an app that ends at once, and shows what it wrote', async () => {
    const message = await deploy({
      'app.yaml': "command: ['node', 'x.mjs']\n",
      'x.mjs': "console.error('cannot go on'); process.exit(7)\n",
    })
    expect(message).toContain('cannot go on')
  })

  it('an app that insists on a port that is taken', async () => {
    const other = createServer().listen(0, '0.0.0.0')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const message = await deploy({
      'app.yaml': `command: ['node', 'x.mjs']\n`,
      'x.mjs': `import { createServer } from 'node:http'\ncreateServer().listen(${port}, '0.0.0.0')\n`,
    })
    other.close()
    await once(other, 'close')
    expect(message).toContain(`port ${port}`)
  })

  it('a Python app where there is no Python', async () => {
    const message = await deploy({
      'app.yaml': "command: ['python', 'app.py']\n",
      'app.py': '',
      'requirements.txt': 'flask\n',
    })
    expect(message).toMatch(/Python 3/)
  })
})

/** Every program of the tests but Python. */
async function pathWithoutPython(): Promise<string> {
  const bin = await mkdtemp(path.join(tmpdir(), 'lakelet-path-'))
  // Apps run as users of their own.
  await chmod(bin, 0o755)
  const { stdout } = await runCommand(
    ['sh', '-c', 'for each in node npm sh git env ps uname; do command -v $each; done'],
    {
      cwd: tmpdir(),
      env: environment(tmpdir()),
    },
  )
  for (const program of stdout.trim().split('\n')) {
    const target = await readFile(program).then(() => program)
    await symlink(target, path.join(bin, path.basename(program)))
  }
  return bin
}
