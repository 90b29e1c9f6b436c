// The commands against a real workspace.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { computeControlRoutes } from '@lakelet/api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestWorkspace, startTestWorkspace } from '../../../tests/system/workspace.ts'

let workspace: TestWorkspace
let home: string

beforeAll(async () => {
  workspace = await startTestWorkspace()
  home = `/Workspace/Users/${workspace.user}`
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = path.join(workspace.directory, name)
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, file)), { recursive: true })
    await writeFile(path.join(directory, file), text)
  }
  return directory
}

it('syncs what changed, removes what is gone, and remembers', async () => {
  const source = await folder('synced', {
    '.gitignore': '*.log\n',
    'app.py': 'print(1)\n',
    'lib/deep/a+b %.txt': 'odd name',
    'debug.log': 'left out',
    'book.py': '# Databricks notebook source\nprint(2)\n',
  })
  const target = `${home}/synced`
  const dry = await workspace.cli(['sync', '--dry-run', source, target])
  expect(dry).toBe(`[DRY-RUN MODE] Action: PUT: .gitignore, app.py, book.py, lib/deep/a+b %.txt
[DRY-RUN] Would upload: .gitignore
[DRY-RUN] Would upload: app.py
[DRY-RUN] Would upload: book.py
[DRY-RUN] Would upload: lib/deep/a+b %.txt
[DRY-RUN] Initial Sync Complete
`)
  const first = await workspace.cli(['sync', source, target])
  expect(first.split('\n').toSorted()).toEqual([
    '',
    'Action: PUT: .gitignore, app.py, book.py, lib/deep/a+b %.txt',
    'Initial Sync Complete',
    'Uploaded .gitignore',
    'Uploaded app.py',
    'Uploaded book.py',
    'Uploaded lib/deep/a+b %.txt',
  ])
  expect(await workspace.cli(['workspace', 'export', `${target}/lib/deep/a+b %.txt`])).toBe('odd name')
  const notebook = ['workspace', 'get-status', `${target}/book`, '--field', 'object_type']
  expect(await workspace.cli(notebook)).toBe('NOTEBOOK\n')
  expect(await workspace.cli(['sync', source, target])).toBe('Initial Sync Complete\n')

  await rm(path.join(source, 'lib'), { recursive: true })
  await writeFile(path.join(source, 'app.py'), 'print("changed")\n')
  const second = await workspace.cli(['sync', source, target])
  expect(second).toContain('Action: PUT: app.py, DELETE: lib/deep/a+b %.txt\n')
  expect(await workspace.cli(['workspace', 'export', `${target}/app.py`])).toBe('print("changed")\n')
  const gone = await workspace.lakelet(['workspace', 'get-status', `${target}/lib`])
  expect(gone).toMatchObject({ code: 4, stderr: expect.stringContaining("doesn't exist") as string })
  expect(await workspace.cli(['sync', '--full', source, target])).toContain(
    'Action: PUT: .gitignore, app.py, book.py',
  )
})

it('syncs a folder where a file was, a file where a folder was, and what was deleted in the workspace', async () => {
  const source = await folder('turned', { a: 'file', 'b/deep/x.txt': 'x', 'c/y.txt': 'y', 'd/z.txt': 'z' })
  const target = `${home}/turned`
  await workspace.cli(['sync', source, target])
  await rm(path.join(source, 'a'))
  await rm(path.join(source, 'b'), { recursive: true })
  await folder('turned', { 'a/inner.txt': 'now a folder', b: 'now a file' })
  await workspace.cli(['sync', source, target])
  expect(await workspace.cli(['workspace', 'export', `${target}/a/inner.txt`])).toBe('now a folder')
  expect(await workspace.cli(['workspace', 'export', `${target}/b`])).toBe('now a file')
  await workspace.cli(['workspace', 'delete', '--recursive', `${target}/c`])
  const again = await workspace.cli(['sync', source, target])
  expect(again).toContain('Action: PUT: c/y.txt\n')
  await workspace.cli(['workspace', 'delete', '--recursive', target])
  await workspace.cli(['sync', source, target])
  expect(await workspace.cli(['workspace', 'export', `${target}/d/z.txt`])).toBe('z')
})

it('reads patterns from files and says when nothing is left to upload', async () => {
  const source = await folder('chosen', { '.gitignore': '*.log\n', 'a.py': '', 'b.log': '', 'c.txt': '' })
  await folder('patterns', { out: '# comment\n\n  *.txt \n', in: '*.log\n' })
  const patterns = path.join(workspace.directory, 'patterns')
  const listed = await workspace.cli(
    ['sync', '--dry-run', '--exclude-from', 'out', '--include-from', 'in', source, `${home}/chosen`],
    { cwd: patterns },
  )
  expect(listed).toContain('Action: PUT: .gitignore, a.py, b.log\n')
  const nothing = await workspace.lakelet(['sync', '--dry-run', '--exclude', '*', source, `${home}/chosen`])
  expect(nothing).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('has no file to upload') as string,
  })
  const missing = await workspace.lakelet(['sync', '--exclude-from', 'none', source, `${home}/chosen`])
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('none cannot be read') as string })
})

it('copies folders in and out of the workspace', async () => {
  const source = await folder('imported', { 'a.txt': 'a', 'sub/b.txt': 'b', 'node_modules/x.js': 'x' })
  const target = `${home}/imported`
  const imported = await workspace.cli(['workspace', 'import-dir', source, target])
  expect(imported.split('\n').slice(1)).toEqual([
    `${path.join(source, 'a.txt')} -> ${target}/a.txt`,
    `${path.join(source, 'sub/b.txt')} -> ${target}/sub/b.txt`,
    'Import complete',
    '',
  ])
  const again = await workspace.cli(['workspace', 'import-dir', source, target])
  expect(again).toContain(`${target}/a.txt (skipped; already exists)`)
  const out = path.join(workspace.directory, 'exported')
  await workspace.cli(['workspace', 'export-dir', target, out])
  expect(await readFile(path.join(out, 'sub/b.txt'), 'utf8')).toBe('b')
  await writeFile(path.join(out, 'a.txt'), 'mine')
  expect(await workspace.cli(['workspace', 'export-dir', target, out])).toContain('(skipped; already exists)')
  expect(await readFile(path.join(out, 'a.txt'), 'utf8')).toBe('mine')
  await workspace.cli(['workspace', 'export-dir', '--overwrite', target, out])
  expect(await readFile(path.join(out, 'a.txt'), 'utf8')).toBe('a')
  const kept = await workspace.lakelet(['workspace', 'delete', target])
  expect(kept).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') as string })
  await workspace.cli(['workspace', 'delete', '--recursive', target])
  expect(await workspace.cli(['workspace', 'list', home])).not.toContain('imported')
})

it('imports a single file as JSON', async () => {
  const file = path.join(await folder('single', { 'x.txt': 'content' }), 'x.txt')
  await workspace.cli(['workspace', 'import', `${home}/x.txt`, '--file', file, '--format', 'AUTO'])
  expect(await workspace.cli(['workspace', 'export', `${home}/x.txt`])).toBe('content')
  const refused = await workspace.lakelet([
    'workspace',
    'import',
    `${home}/x.txt`,
    '--file',
    file,
    '--format',
    'AUTO',
  ])
  expect(refused.code).not.toBe(0)
})

it('manages Postgres resources and waits for their operations', async () => {
  const created = await workspace.cli([
    'postgres',
    'create-project',
    'first',
    '--json',
    '{"spec":{"display_name":"One"}}',
  ])
  expect(JSON.parse(created)).toMatchObject({ name: 'projects/first', status: { display_name: 'One' } })
  const updated = [
    'postgres',
    'update-project',
    'projects/first',
    'spec.display_name',
    '--json',
    '{"spec":{"display_name":"Two"}}',
  ]
  expect(await workspace.cli([...updated, '--field', 'status.display_name'])).toBe('Two\n')
  const parent = 'projects/first/branches/production'
  expect(await workspace.cli(['postgres', 'list-endpoints', parent, '--field', '0.name'])).toBe(
    `${parent}/endpoints/primary\n`,
  )
  const started = await workspace.cli([
    'postgres',
    'create-branch',
    'projects/first',
    'dev',
    '--no-wait',
    '--json',
    '{"spec":{"no_expiry":true}}',
  ])
  const { name } = JSON.parse(started) as { name: string }
  expect(name).toMatch(/^projects\/first\/branches\/dev\/operations\//)
  expect(await workspace.cli(['postgres', 'get-operation', name, '--field', 'name'])).toBe(`${name}\n`)
  expect(
    JSON.parse(await workspace.cli(['postgres', 'list-branches', 'projects/first', '--limit', '1'])),
  ).toHaveLength(1)
})

it('lists without PARENT what there is everywhere', async () => {
  await workspace.cli(['postgres', 'create-project', 'second'])
  const names = async (...argv: string[]) =>
    (JSON.parse(await workspace.cli(['postgres', ...argv])) as { name: string }[]).map(({ name }) => name)
  const endpoints = await names('list-endpoints')
  expect(endpoints).toContain('projects/first/branches/production/endpoints/primary')
  expect(endpoints).toContain('projects/second/branches/production/endpoints/primary')
  expect(await names('list-branches')).toContain('projects/first/branches/dev')
  expect(await names('list-databases', 'projects/second/branches/-')).toEqual([
    'projects/second/branches/production/databases/databricks-postgres',
  ])
  expect(await names('list-roles', 'projects/-/branches/production', '--limit', '1')).toHaveLength(1)
  await workspace.cli(['postgres', 'delete-project', 'projects/second', '--purge'])
})

it('warns of fields of --json that nobody reads, and goes on', async () => {
  await writeFile(path.join(workspace.directory, 'body.json'), '{"spec":{"tttl":"3600s","no_expiry":true}}')
  const body = `@${path.join(workspace.directory, 'body.json')}`
  const ran = await workspace.lakelet(['postgres', 'create-branch', 'projects/first', 'typo', '--json', body])
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain(
    "Warning: --json has an unknown field 'spec.tttl', which changes nothing. Did you mean 'spec.ttl'?",
  )
  const known = await workspace.cli(['postgres', 'get-branch', 'projects/first/branches/typo'])
  const again = ['update-branch', 'projects/first/branches/typo', 'spec.no_expiry']
  const sentBack = JSON.stringify({ ...(JSON.parse(known) as object), spec: { no_expiry: true } })
  const quiet = await workspace.lakelet(['postgres', ...again, '--json', sentBack])
  expect(quiet.stderr).not.toContain('Warning')
})

it('shows and changes who may do what', async () => {
  const of = ['database-projects', 'first']
  const list = { access_control_list: [{ group_name: 'users', permission_level: 'CAN_USE' }] }
  await workspace.cli(['permissions', 'update', ...of, '--json', JSON.stringify(list)])
  const shown = await workspace.cli(['-o', 'json', 'permissions', 'get', ...of])
  expect(JSON.parse(shown)).toMatchObject({
    access_control_list: expect.arrayContaining([
      expect.objectContaining({ group_name: 'users' }),
    ]) as unknown,
  })
  expect(await workspace.cli(['permissions', 'get-permission-levels', ...of])).toContain('CAN_MANAGE')
})

it('updates an app', async () => {
  await workspace.cli(['apps', 'create', 'updated', '--no-compute'])
  await workspace.cli(['apps', 'update', 'updated', '--description', 'one'])
  expect(await workspace.cli(['apps', 'get', 'updated', '--field', 'description'])).toBe('one\n')
  const update = [
    'apps',
    'create-update',
    'updated',
    'description',
    '--json',
    '{"app":{"description":"two"}}',
  ]
  expect(JSON.parse(await workspace.cli(update))).toMatchObject({ status: { state: 'SUCCEEDED' } })
  expect(JSON.parse(await workspace.cli(['apps', 'get-update', 'updated']))).toMatchObject({
    description: 'two',
  })
  expect(JSON.parse(await workspace.cli(['apps', 'get-permissions', 'updated']))).toMatchObject({
    object_type: 'apps',
  })
  const refused = await workspace.lakelet(['apps', 'update-app-thumbnail', 'updated', '--json', '{}'])
  expect(refused.stderr).toContain('must be a PNG')
  const none = await workspace.lakelet(['apps', 'rollback', 'updated'])
  expect(none.stderr).toContain('no deployment of updated before the one that serves')
  await workspace.cli(['apps', 'delete', 'updated'])
})

it.each([
  [['postgres', 'get-project', 'first'], 2, "'first' is not a name of the form projects/<project>"],
  [['postgres', 'get-project', 'projects/none'], 4, 'project id not found: projects/none'],
  [['postgres', 'get-project', 'projects/frist'], 4, "Did you mean 'projects/first'?"],
  [['postgres', 'get-project', 'first'], 2, "Did you mean 'projects/first'?"],
  [['postgres', 'list-roles', 'projects/first'], 2, 'is the name of a project, not one of the form'],
  [
    ['postgres', 'get-branch', 'projects/first/branches/prodution'],
    4,
    "Did you mean 'projects/first/branches/prod",
  ],
  [['postgres', 'list-endpoints', 'projects/none/branches/b'], 4, 'project id not found: projects/none'],
  [
    ['postgres', 'get-endpoint', 'projects/first/branches/production/endpoints/x'],
    4,
    'There is projects/first/branches/production/endpoints/primary.',
  ],
  [
    ['postgres', 'generate-database-credential', 'projects/first/branches/production/endpoints/primry'],
    4,
    'endpoint id not found: projects/first/branches/production/endpoints/primry',
  ],
  [
    [
      'postgres',
      'create-branch',
      'projects/first',
      'x',
      '--json',
      '{"spec":{"source_branch":"projects/first/branches/no","no_expiry":true}}',
    ],
    4,
    'branch id not found: projects/first/branches/no',
  ],
  [
    [
      'postgres',
      'update-project',
      'projects/first',
      'display_nam',
      '--json',
      '{"spec":{"display_name":"x"}}',
    ],
    1,
    "Did you mean 'spec.display_name'?",
  ],
  [
    ['postgres', 'create-branch', 'projects/first', 'dev', '--json', '{"spec":{"no_expiry":true}}'],
    5,
    'exists: projects/first/branches/dev',
  ],
  [
    ['branch', 'diff', 'production', 'none', '--project', 'first'],
    4,
    'branch id not found: projects/first/branches/none',
  ],
  [
    ['branch', 'diff', 'none', 'production', '--project', 'first'],
    4,
    'branch id not found: projects/first/branches/none',
  ],
  [['permissions', 'get', 'database-projects', 'none'], 4, 'project id not found: projects/none'],
  [['permissions', 'get', 'apps', 'none'], 4, 'app id not found: none'],
  [['postgres', 'generate-database-credential', 'none'], 4, 'endpoint id not found: none'],
  [['postgres', 'list-roles', 'projects/first'], 2, "Did you mean 'projects/first/branches/<branch>'?"],
  [['postgres', 'create-project', 'first'], 5, 'project with such id already exists'],
  [['postgres', 'create-project', 'No_Good'], 1, 'project_id'],
  [['postgres', 'create-project', 'p', '--json', '{'], 2, 'is not JSON'],
  [
    ['postgres', 'create-role', 'projects/first/branches/production', '--json', '{"role":{}}'],
    2,
    'not be wrapped',
  ],
  [['postgres', 'create-catalog', 'c'], 1, 'is not part of a Lakelet workspace'],
  [['apps', 'create', 'Bad_Name'], 1, 'name'],
  [['apps', 'get', 'none'], 4, 'does not exist'],
  [['sql', '--project', 'none', 'SELECT 1'], 4, 'not found'],
  [['sync', '/nowhere', '/x'], 2, 'There is no folder /nowhere'],
])('says what is wrong: %j', async (argv, code, message) => {
  const ran = await workspace.lakelet(argv)
  expect(ran.stderr).toContain(message)
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' })
})

it('runs SQL as the user and words errors as Postgres does', async () => {
  expect(await workspace.cli(['sql', '--project', 'first', 'SELECT current_user AS me'])).toBe(
    `me\n${workspace.user}\n`,
  )
  const json = await workspace.cli(['sql', '--project', 'first', '-o', 'json'], {
    input: 'SELECT 1 AS a, NULL AS b; CREATE TABLE t (x int)',
  })
  expect(JSON.parse(json)).toEqual([
    { command: 'SELECT', row_count: 1, rows: [{ a: 1, b: null }] },
    { command: 'CREATE TABLE', row_count: null, rows: [] },
  ])
  const failed = await workspace.lakelet(['sql', '--project', 'first', 'SELECT * FROM missing'])
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toContain('ERROR: relation "missing" does not exist (SQLSTATE 42P01)')
})

it('says how large a compute is and why, and wakes none for it', async () => {
  await workspace.cli(['postgres', 'create-project', 'sized'])
  await workspace.cli(['sql', '--project', 'sized', 'SELECT 1'])
  await expect
    .poll(() => workspace.cli(['size', '--project', 'sized']), { interval: 500 })
    .toMatch(/^1 CU now, always 1 CU\nCPU is .*\n.* 1 CU {2}fixed: load .* asks for .*, memory \d+ MB for /)
  const endpoint = 'projects/sized/branches/production/endpoints/primary'
  await workspace.client.call(computeControlRoutes.suspend, {
    params: { project: 'sized', branch: 'production', endpoint: 'primary' },
    body: {},
  })
  expect(await workspace.cli(['size', endpoint])).toMatch(/^asleep; always 1 CU\n/)
  expect((await workspace.lakelet(['size', 'primary'])).stderr).toContain(
    "'primary' is not a target of the form",
  )
})

it('prints what an app needs, in the form that a shell reads', async () => {
  const json = await workspace.cli(['env', 'projects/first', '--format', 'json'])
  expect(JSON.parse(json)).toMatchObject({
    PGPORT: String(workspace.postgres.port),
    PGDATABASE: 'databricks_postgres',
    PGUSER: workspace.user,
    PGSSLMODE: 'require',
    PGSSLROOTCERT: workspace.caFile,
    ENDPOINT_NAME: 'projects/first/branches/production/endpoints/primary',
    LAKEBASE_ENDPOINT: 'projects/first/branches/production/endpoints/primary',
    DATABRICKS_HOST: workspace.host,
    DATABRICKS_TOKEN: workspace.token,
  })
})

it('shows what runs', async () => {
  const status = JSON.parse(await workspace.cli(['status', '-o', 'json'])) as {
    endpoints: { name: string }[]
  }
  expect(status).toMatchObject({ host: workspace.host, pid: workspace.pid, user: workspace.user })
  expect(status.endpoints.map(({ name }) => name)).toContain(
    'projects/first/branches/production/endpoints/primary',
  )
})

it('makes a link that signs a browser in', async () => {
  const link = (await workspace.cli(['open'], { env: { BROWSER: 'none' } })).trim()
  expect(link).toMatch(`${workspace.host}/sign-in/link?code=`)
  const page = await fetch(link)
  expect(page.status).toBe(200)
})
