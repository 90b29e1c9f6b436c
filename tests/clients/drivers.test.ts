// Ordinary Postgres drivers, as they come from their registries, with a database credential as the password: TLS that is verified, types,
// COPY, cancel.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { environment, runCommand, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { programTests, runChecks } from './checks.ts'
import { goProgram, whyNoGo } from './go.ts'
import { javaWith, whyNoJava } from './java.ts'
import { npmWith } from './npm.ts'
import { pythonWith, whyNoPython } from './python.ts'
import { ask, createProject, type Endpoint } from './workspace-objects.ts'

const pythonProgram = path.join(import.meta.dirname, 'python', 'drivers.py')
const nodePrograms = path.join(import.meta.dirname, 'node')
const goProgramDirectory = path.join(import.meta.dirname, 'go')
const javaProgram = path.join(import.meta.dirname, 'java', 'Drivers.java')
const javaLibraries = ['org.postgresql:postgresql:42.7.7']
const pythonPackages = ['psycopg[binary]==3.3.9', 'asyncpg==0.32.0', 'pg8000==1.31.6', 'SQLAlchemy==2.1.9']
/** The program on the machine, where there is one. */
const PSQL = 'psql'
const nodePackages = ['pg@8.23.1', 'postgres@3.4.9']

const ROUTES = [
  { name: 'a session of their own', options: '' },
  { name: 'a pool of transactions', options: 'pool=transaction' },
]

let workspace: TestWorkspace
let endpoint: Endpoint

beforeAll(async () => {
  workspace = await startTestWorkspace()
  endpoint = await createProject(workspace, 'drivers')
  // Another one, so that a connection has to say which it wants.
  await createProject(workspace, 'other')
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

describe.each(ROUTES)('Python: psycopg 3, asyncpg, pg8000, SQLAlchemy, $name', ({ options }) => {
  programTests(pythonProgram, async () => {
    const reason = await whyNoPython()
    if (reason !== undefined) return reason
    const python = await pythonWith(pythonPackages)
    return runChecks([python, '-B', pythonProgram], { env: driverEnvironment(options) })
  })
})

describe.each(ROUTES)('Node: pg, postgres.js, $name', ({ options }) => {
  programTests(path.join(nodePrograms, 'drivers.mjs'), async () => {
    const installed = await npmWith(nodePackages)
    const app = path.join(workspace.directory, `drivers${options}`)
    await cp(nodePrograms, app, { recursive: true })
    await symlink(path.join(installed, 'node_modules'), path.join(app, 'node_modules'))
    return runChecks([process.execPath, 'drivers.mjs'], { cwd: app, env: driverEnvironment(options) })
  })
})

describe.each(ROUTES)('Go: pgx, lib/pq, $name', ({ options }) => {
  programTests(path.join(goProgramDirectory, 'drivers.go'), async () => {
    const reason = await whyNoGo()
    if (reason !== undefined) return reason
    return runChecks([await goProgram(goProgramDirectory)], { env: driverEnvironment(options) })
  })
})

describe.each(ROUTES)('Java: pgjdbc, $name', ({ options }) => {
  programTests(javaProgram, async () => {
    const reason = await whyNoJava()
    if (reason !== undefined) return reason
    const classPath = await javaWith(javaLibraries)
    return runChecks(['java', '-cp', classPath, javaProgram], { env: driverEnvironment(options) })
  })
})

describe.each(ROUTES)('psql, $name', ({ options }) => {
  let isThere = false
  beforeAll(async () => {
    isThere = await psql(['--version']).then(
      ({ code }) => code === 0,
      () => false,
    )
  })
  beforeEach((context) => {
    if (!isThere) context.skip('needs psql')
  })

  it('sslmode=verify-full, server version, and who I am', async () => {
    const query =
      'SELECT current_user, current_database(), current_setting($$server_version_num$$)::int / 10000'
    const { stdout, stderr } = await psql(['--no-align', '--tuples-only', '--command', query])
    expect({ stdout: stdout.trim(), stderr }).toEqual({
      stdout: `${workspace.user}|databricks_postgres|17`,
      stderr: '',
    })
  })

  it('a script with \\copy in both directions and meta-commands', async () => {
    const input = `CREATE TABLE copied (n int, t text);
\\copy copied FROM STDIN
1\tone
2\ttwo
\\.
\\copy copied TO STDOUT
\\d copied
DROP TABLE copied;
`
    const { stdout, stderr, code } = await psql(['--quiet', '--set=ON_ERROR_STOP=1'], input)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('1\tone\n2\ttwo\n')
    expect(stdout).toContain('Table "public.copied"')
  })

  it('Ctrl-C cancels the query', async () => {
    const script = "SELECT 'begun';\nSELECT pg_sleep(60);\n"
    const child = spawn(PSQL, ['--no-psqlrc', '--quiet'], { env: await psqlEnvironment() })
    const written = { stdout: '', stderr: '' }
    child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()))
    const ended = once(child, 'close')
    child.stdout.on('data', (chunk: Buffer) => {
      written.stdout += chunk.toString()
      if (written.stdout.includes('begun')) setTimeout(() => child.kill('SIGINT'), 1000)
    })
    child.stdin.end(script)
    await ended
    expect(written.stderr).toContain('canceling statement due to user request')
  })

  async function psql(args: readonly string[], input?: string) {
    const command = [PSQL, '--no-psqlrc', ...args]
    const env = await psqlEnvironment()
    return runCommand(command, { cwd: workspace.home, env, ...(input === undefined ? {} : { input }) })
  }

  async function psqlEnvironment(): Promise<Record<string, string>> {
    const credential = await ask<{ token: string }>(workspace, 'POST', '/api/2.0/postgres/credentials', {
      endpoint: endpoint.name,
    })
    const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: workspace.caFile, PGPASSWORD: credential.token }
    return { ...driverEnvironment(options), ...tls }
  }
})

function driverEnvironment(options: string): Record<string, string> {
  return {
    ...environment(workspace.home),
    PGHOST: endpoint.host,
    PGPORT: String(workspace.postgres.port),
    PGDATABASE: 'databricks_postgres',
    PGUSER: workspace.user,
    // libpq reads the one, the programs here the other.
    ...(options === '' ? {} : { PGOPTIONS: options, OPTIONS: options }),
    CA_FILE: workspace.caFile,
    WORKSPACE: workspace.host,
    TOKEN: workspace.token,
    ENDPOINT: endpoint.name,
    ENDPOINT_ID: endpoint.uid,
  }
}
