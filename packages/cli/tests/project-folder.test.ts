// A project folder that is linked to a workspace, a project and a branch: what commands mean there, its .env file, and connection strings.
import { chmod, mkdir, mkdtemp, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type TestWorkspace,
  environment,
  runCommand,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'
import { has } from './pty.ts'
import { type Ran, runLakelet } from './terminal.ts'

let workspace: TestWorkspace
let cwd: string

beforeAll(async () => {
  workspace = await startTestWorkspace()
  cwd = await folder()
  await Promise.all(['shop', 'other'].map((each) => printed(['postgres', 'create-project', each])))
  await makeBranch('dev')
  const native = '{"spec": {"enable_pg_native_login": true}}'
  const project = ['postgres', 'update-project', 'projects/shop', 'spec.enable_pg_native_login']
  await printed([...project, '--json', native])
  const role = '{"spec": {"postgres_role": "app role", "auth_method": "PG_PASSWORD_SCRAM_SHA_256"}}'
  const create = ['postgres', 'create-role', 'projects/shop/branches/dev', '--role-id', 'app-role']
  await printed([...create, '--json', role])
}, 120_000)

afterAll(() => workspace?.[Symbol.asyncDispose]())

/** A folder of its own, without a link. */
async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(workspace.directory, 'project-'))
  await chmod(made, 0o755)
  return made
}

async function makeBranch(id: string): Promise<void> {
  const spec = '{"spec": {"no_expiry": true}}'
  await printed(['postgres', 'create-branch', 'projects/shop', id, '--json', spec])
}

/** In this process, which saves each call the start of one. */
function lakelet(args: readonly string[], at = cwd): Promise<Ran> {
  const env = { ...environment(workspace.home), LAKELET_DATA_DIR: workspace.dataDir }
  return runLakelet(args, { cwd: at, home: workspace.home, env })
}

async function printed(args: readonly string[], at = cwd): Promise<string> {
  const { code, stdout, stderr } = await lakelet(args, at)
  expect({ code, said: code === 0 ? '' : stderr }).toEqual({ code: 0, said: '' })
  return stdout
}

async function asked(url: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query('SELECT current_user AS me, current_database() AS at')).rows[0]
  } finally {
    await client.end()
  }
}

describe('a link', () => {
  it('says what commands mean where nothing is named, also below the folder', async () => {
    const ambiguous = await lakelet(['env'])
    expect(ambiguous).toMatchObject({ code: 2, stdout: '' })
    expect(ambiguous.stderr).toContain("link this folder to it with 'lakelet link PROJECT'")
    expect(await printed(['link', 'shop/dev'])).toMatch(/is linked to projects\/shop\/branches\/dev of the/)
    const below = path.join(cwd, 'src')
    await mkdir(below)
    const named = ['env', '--field', 'ENDPOINT_NAME']
    const dev = 'projects/shop/branches/dev/endpoints/primary\n'
    expect(await printed(named, below)).toBe(dev)
    await printed(['sql', 'CREATE TABLE of_dev ()'])
    const tables = "SELECT count(*) AS n FROM pg_tables WHERE tablename = 'of_dev'"
    expect(await printed(['sql', tables])).toBe('n\n1\n')
    expect(await printed(['branch', 'history', '--field', 'latest_restore_time'])).toMatch(/^\d{4}-/)
    // What is named wins, and the branch of the link is not looked for in another project.
    expect(await printed(['sql', '--branch', 'production', tables])).toBe('n\n0\n')
    expect(await printed([...named, '--project', 'other'])).toBe(
      dev.replace('shop', 'other').replace('dev', 'production'),
    )
    expect(await printed([...named, 'projects/shop'])).toBe(dev)
    const diff = await printed(['branch', 'diff', 'production', 'dev'])
    expect(diff).toContain('+ table public.of_dev')
    expect(JSON.parse(await printed(['link', '-o', 'json']))).toMatchObject({
      data_dir: workspace.dataDir,
      project: 'shop',
      branch: 'dev',
    })
    expect((await stat(path.join(cwd, '.databricks/.gitignore'))).size).toBe(2)
  })

  it('to a branch that is gone says so, and what to do', async () => {
    const at = await folder()
    await makeBranch('passing')
    await printed(['link', 'projects/shop/branches/passing'], at)
    await printed(['postgres', 'delete-branch', 'projects/shop/branches/passing'])
    const gone = await lakelet(['connection-string'], at)
    expect(gone).toMatchObject({ code: 4, stdout: '' })
    expect(gone.stderr).toMatch(
      /^Error: projects\/shop\/branches\/passing was deleted at \S+; \S+lakelet\.json links this folder to it\.\n/,
    )
    expect(gone.stderr).toMatch(/'lakelet postgres undelete-branch .*'lakelet link PROJECT.*'lakelet unlink'/)
    const again = await lakelet(['link', 'shop/passing'], at)
    expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining('was deleted at') as string })
    expect(await lakelet(['connection-string', 'dev'], at)).toMatchObject({ code: 0 })
    expect((await lakelet(['unlink'], at)).stderr).toContain('is linked no more')
    expect((await lakelet(['unlink'], at)).stderr).toContain('was not linked')
    expect(await lakelet(['link'], at)).toMatchObject({ code: 2 })
  })

  it.each([
    [['link', 'shp'], 4, "Did you mean 'projects/shop'?"],
    [['link', 'shop/dve'], 4, "Did you mean 'projects/shop/branches/dev'?"],
    [['link', 'a/b/c'], 2, "'a/b/c' is neither PROJECT[/BRANCH] nor"],
    [['link', 'shop', '--remove'], 2, '--remove takes no TARGET'],
    [['link', '--data-dir', '/nowhere'], 2, '/nowhere is no data directory of a workspace'],
    [
      ['branch', 'reset', 'projects/shop'],
      2,
      "'projects/shop' is neither the id of a branch nor a full name",
    ],
    [
      ['branch', 'history', 'projects/shop/branches/dev', '--project', 'other'],
      2,
      'is not in the project that',
    ],
    [['connection-string', 'dve', '--project', 'shop'], 4, "Did you mean 'projects/shop/branches/dev'?"],
    [['connection-string', '--role', 'app'], 4, 'projects/shop/branches/dev has no role "app".'],
    [['connection-string', '--database', 'databricks_postgre'], 4, "Did you mean 'databricks_postgres'?"],
    [['env', '--format', 'xml'], 2, 'Allowed choices are sh, fish, json, dotenv'],
    [['env', 'pul'], 2, "'pul' is not a target of the form"],
    [['env', 'pull', 'none/.env'], 2, 'There is no folder'],
    [['env', 'pull', '.databricks'], 2, 'is a folder'],
  ])('refuses %j', async (args, code, message) => {
    const ran = await lakelet(args)
    expect(ran.stderr).toContain(message)
    expect(ran).toMatchObject({ code, stdout: '' })
  })
})

describe('connection-string', () => {
  it('leads to the branch, with a token or without, and says how to get one', async () => {
    const open = await lakelet(['connection-string', 'dev'])
    expect(open.stdout).toMatch(
      /^postgresql:\/\/jane\.doe%40example\.com@127\.0\.0\.1:\d+\/databricks_postgres\?sslmode=require&sslrootcert=\S+&options=endpoint%3Dep-\S+\n$/,
    )
    expect(open.stderr).toContain('PGPASSWORD=$(lakelet env --with-password --field PGPASSWORD)')
    const full = await lakelet(['connection-string', 'dev', '--with-password'])
    expect(full.stderr).toBe('')
    expect(await asked(full.stdout.trim())).toEqual({ me: workspace.user, at: 'databricks_postgres' })
    const pooled = await printed(['connection-string', 'dev', '--with-password', '--pooled'])
    expect(pooled).toMatch(/options=endpoint%3Dep-[\w-]+-pooler\n$/)
    expect(await asked(pooled.trim())).toEqual({ me: workspace.user, at: 'databricks_postgres' })
    // The advice is taken word by word.
    const token = (await printed(['env', '--with-password', '--field', 'PGPASSWORD'])).trim()
    const url = new URL(open.stdout.trim())
    await expect(asked(url.href)).rejects.toThrow(/password/)
    url.password = ''
    const refused = await new Client({ connectionString: url.href, password: '' })
      .connect()
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: '08P01',
      hint: expect.stringContaining('lakelet env --with-password') as string,
    })
    url.password = token
    expect(await asked(url.href)).toMatchObject({ me: workspace.user })
  })

  it.skipIf(!has('psql'))('is what psql takes (skipped without psql)', async () => {
    const url = (await printed(['connection-string', '--with-password'])).trim()
    const ran = await runCommand(['psql', url, '-Atc', 'SELECT current_user'], {
      cwd,
      env: environment(workspace.home),
    })
    expect(ran).toMatchObject({ code: 0, stdout: `${workspace.user}\n` })
  })

  it('of a role with a password shows the one that was made', async () => {
    const url = await printed(['connection-string', '--role', 'app role', '--with-password'])
    expect(await asked(url.trim())).toMatchObject({ me: 'app role' })
    await printed(['sql', "CREATE ROLE by_sql LOGIN PASSWORD 'x'; CREATE ROLE nologin"])
    const unknown = await lakelet(['connection-string', '--role', 'by_sql', '--with-password'])
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toContain('Leave --with-password out and add the password yourself')
    const none = await lakelet(['connection-string', '--role', 'nologin'])
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('may not log in') as string })
  })
})

describe('env pull', () => {
  it('writes .env for the owner alone, keeps what is there, and does it again byte for byte', async () => {
    const file = path.join(cwd, '.env')
    await writeFile(file, '# mine\nPORT=3000\nexport PGHOST="old" # where\nSECRET=\'a\nb\'', { mode: 0o644 })
    expect(await printed(['env', 'pull'])).toMatch(
      /^\.env has \d+ variables of projects\/shop\/branches\/dev/,
    )
    const first = await readFile(file, 'utf8')
    expect(first).toContain(`# mine\nPORT=3000\nexport PGHOST=127.0.0.1 # where\nPGPORT=`)
    expect(parseEnv(first)).toMatchObject({
      SECRET: 'a\nb',
      PGPORT: String(workspace.postgres.port),
      ENDPOINT_NAME: 'projects/shop/branches/dev/endpoints/primary',
      DATABRICKS_TOKEN: workspace.token,
    })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await printed(['env', 'pull'])).toBe('.env is up to date.\n')
    expect(await readFile(file, 'utf8')).toBe(first)
    await printed(['env', 'pull', '--with-password'])
    const second = await readFile(file, 'utf8')
    expect(await asked(parseEnv(second)['DATABASE_URL'] ?? '')).toMatchObject({ me: workspace.user })
    expect(await printed(['env', 'pull', '--with-password'])).toBe('.env is up to date.\n')
    expect(await readFile(file, 'utf8')).toBe(second)
    // A token that nobody asked for again would only be in the way.
    await printed(['env', 'pull'])
    expect(await readFile(file, 'utf8')).toBe(first)
  })

  it.skipIf(!has('git'))(
    'refuses a file that git would take, and follows links (skipped without git)',
    async () => {
      const at = await folder()
      await printed(['link', 'shop'], at)
      const env = environment(workspace.home)
      await runCommand(['git', 'init', '-q'], { cwd: at, env })
      const refused = await lakelet(['env', 'pull'], at)
      expect(refused).toMatchObject({ code: 5, stdout: '' })
      expect(refused.stderr).toContain("Add it to .gitignore ('lakelet init' does that for .env)")
      await symlink('.env', path.join(at, 'linked'))
      await writeFile(path.join(at, '.env'), 'A=1\n')
      expect(await lakelet(['env', 'pull', 'linked'], at)).toMatchObject({ code: 5 })
      await runCommand(['git', 'add', '.env'], { cwd: at, env })
      await writeFile(path.join(at, '.gitignore'), '.env\n')
      // It is ignored, and in the index all the same.
      expect(await lakelet(['env', 'pull'], at)).toMatchObject({ code: 5 })
      await runCommand(['git', 'rm', '--cached', '-q', '.env'], { cwd: at, env })
      expect(await lakelet(['env', 'pull', 'linked'], at)).toMatchObject({ code: 0 })
      expect(await readFile(path.join(at, '.env'), 'utf8')).toMatch(/^A=1\n\n#/)
    },
  )
})
