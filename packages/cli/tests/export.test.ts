// `lakelet export` against a real workspace: what it prints is read by the parsers of the tools that it is for, and deploying it makes the
// same again.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { pythonWith, whyNoPython } from '../../../tests/clients/python.ts'
import { RegistryUnreachable } from '../../../tests/clients/registry.ts'
import {
  type TestWorkspace,
  environment,
  runCommand,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
  const lakelet = (...args: string[]) => workspace.cli(args)
  const json = (value: object) => ['--json', JSON.stringify(value)]
  const branch = 'projects/shop/branches/production'
  await lakelet('postgres', 'create-project', 'shop', ...json({ spec: { display_name: 'The "shop" ${x}' } }))
  const role = { spec: { postgres_role: 'reporter', attributes: { createdb: true } } }
  await lakelet('postgres', 'create-role', branch, '--role-id', 'reporter', ...json(role))
  const database = { spec: { postgres_database: 'orders', role: `${branch}/roles/reporter` } }
  await lakelet('postgres', 'create-database', branch, '--database-id', 'orders', ...json(database))
  const dev = {
    spec: { source_branch: branch, expire_time: new Date(Date.now() + 7 * 86_400_000).toISOString() },
  }
  await lakelet('postgres', 'create-branch', 'projects/shop', 'dev', ...json(dev))
  const settings = {
    spec: { settings: { pg_settings: { work_mem: '8MB', 'pg_stat_statements.max': '200' } } },
  }
  const mask = 'spec.settings'
  await lakelet('postgres', 'update-endpoint', `${branch}/endpoints/primary`, mask, ...json(settings))
  await call('/api/2.0/secrets/scopes/create', { scope: 'keys' })
  await call('/api/2.0/secrets/put', { scope: 'keys', key: 'api', string_value: 'hush' })
  await call('/api/2.0/secrets/acls/put', { scope: 'keys', principal: 'users', permission: 'READ' })
  const resources = [
    {
      name: 'db',
      postgres: { branch, database: `${branch}/databases/orders`, permission: 'CAN_CONNECT_AND_CREATE' },
    },
    { name: 'key', secret: { scope: 'keys', key: 'api', permission: 'READ' } },
  ]
  await lakelet('apps', 'create', ...json({ name: 'web', description: 'a shop', resources }))
  await lakelet('apps', 'create', 'batch')
  await lakelet('grants', 'shop', 'batch')
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

async function call(where: string, body: object, { host, token } = workspace): Promise<void> {
  const reply = await fetch(`${host}${where}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(reply.status).toBe(200)
}

type Bundle = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>

/** Fields that the bundle schema of the official CLI 1.12.1 allows, and those that it wants. */
const ALLOWED: Readonly<
  Record<string, { readonly all: readonly string[]; readonly needed: readonly string[] }>
> = {
  postgres_projects: {
    all: [
      'project_id',
      'display_name',
      'pg_version',
      'history_retention_duration',
      'enable_pg_native_login',
      'default_endpoint_settings',
      'custom_tags',
      'budget_policy_id',
      'default_branch',
      'permissions',
      'purge_on_delete',
    ],
    needed: ['project_id'],
  },
  postgres_branches: {
    all: [
      'branch_id',
      'parent',
      'expire_time',
      'is_protected',
      'no_expiry',
      'ttl',
      'replace_existing',
      'purge_on_delete',
      'source_branch',
      'source_branch_lsn',
      'source_branch_time',
    ],
    needed: ['branch_id', 'parent'],
  },
  postgres_endpoints: {
    all: [
      'endpoint_id',
      'parent',
      'endpoint_type',
      'autoscaling_limit_min_cu',
      'autoscaling_limit_max_cu',
      'suspend_timeout_duration',
      'no_suspension',
      'disabled',
      'group',
      'settings',
      'replace_existing',
    ],
    needed: ['endpoint_id', 'parent', 'endpoint_type'],
  },
  postgres_roles: {
    all: [
      'role_id',
      'parent',
      'postgres_role',
      'identity_type',
      'auth_method',
      'membership_roles',
      'attributes',
      'replace_existing',
    ],
    needed: ['role_id', 'parent'],
  },
  postgres_databases: {
    all: ['database_id', 'parent', 'postgres_database', 'role', 'replace_existing'],
    needed: ['database_id', 'parent', 'role'],
  },
  apps: {
    all: [
      'name',
      'description',
      'compute_size',
      'resources',
      'source_code_path',
      'user_api_scopes',
      'permissions',
    ],
    needed: ['name', 'source_code_path'],
  },
  secret_scopes: { all: ['name', 'backend_type', 'permissions'], needed: ['name'] },
}

it('prints a bundle whose fields the official schema knows and whose references lead somewhere', async () => {
  const text = await workspace.cli(['export', '--name', 'shop'])
  expect(text).toContain('# Values of secrets are not exported: put api into scope keys')
  expect(text).toContain("# A bundle takes every '${' for a reference")
  const { bundle, resources } = parse(text) as { readonly bundle: object; readonly resources: Bundle }
  expect(bundle).toEqual({ name: 'shop' })
  expect(Object.keys(resources).toSorted()).toEqual(Object.keys(ALLOWED).toSorted())
  for (const [kind, each] of Object.entries(resources))
    for (const fields of Object.values(each)) {
      expect(ALLOWED[kind]?.all).toEqual(expect.arrayContaining(Object.keys(fields)))
      expect(Object.keys(fields)).toEqual(expect.arrayContaining([...(ALLOWED[kind]?.needed ?? [])]))
    }
  const references = [...text.matchAll(/\$\{resources\.(\w+)\.(\w+)\.\w+\}/g)]
  expect(references.length).toBeGreaterThan(10)
  for (const [, kind = '', key = ''] of references) expect(resources[kind]?.[key]).toBeDefined()
  expect(resources['apps']?.['web']?.['resources']).toEqual([
    {
      name: 'db',
      postgres: {
        branch: '${resources.postgres_branches.shop_production.id}',
        database: '${resources.postgres_databases.shop_production_orders.id}',
        permission: 'CAN_CONNECT_AND_CREATE',
      },
    },
    {
      name: 'key',
      secret: { scope: '${resources.secret_scopes.keys.name}', key: 'api', permission: 'READ' },
    },
  ])
  // The role of an app that has the branch as a resource comes with it; that of the other is its service principal there, not here.
  const roles = resources['postgres_roles'] ?? {}
  expect(Object.keys(roles)).toContain('shop_production_app_batch')
  expect(JSON.stringify(roles)).not.toContain('app-web')
  expect(roles['shop_production_app_batch']?.['postgres_role']).toBe(
    '${resources.apps.batch.service_principal_client_id}',
  )
  expect(resources['secret_scopes']?.['keys']?.['permissions']).toContainEqual({
    group_name: 'users',
    level: 'READ',
  })
})

it('exports one project alone, and wakes nothing', async () => {
  const text = await workspace.cli(['export', 'projects/shop'])
  const { resources } = parse(text) as { readonly resources: Bundle }
  expect(resources).not.toHaveProperty('apps')
  const unknown = await workspace.lakelet(['export', 'shpo'])
  expect(unknown).toMatchObject({ code: 4, stdout: '' })
  expect(unknown.stderr).toContain('no project shpo')
  expect(await workspace.lakelet(['export', '--import'])).toMatchObject({ code: 2, stdout: '' })
  const dev = ['postgres', 'get-endpoint', 'projects/shop/branches/dev/endpoints/primary']
  expect(await workspace.cli([...dev, '--field', 'status.current_state'])).toBe('IDLE\n')
})

it('prints Terraform that a parser of HCL reads, formatted as terraform does', async ({ skip }) => {
  const why = await whyNoPython()
  skip(why !== undefined, why)
  const text = await workspace.cli(['export', '--format', 'terraform', '--import'])
  const python = await pythonWith(['python-hcl2==8.1.4']).catch((error: unknown) => {
    if (error instanceof RegistryUnreachable) return skip(error.message)
    throw error
  })
  const script = 'import hcl2, json, sys; print(json.dumps(hcl2.loads(sys.stdin.read())))'
  const at = { cwd: workspace.directory, env: environment(workspace.home) }
  const { code, stdout, stderr } = await runCommand([python, '-c', script], { ...at, input: text })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const read = JSON.parse(stdout) as {
    readonly resource: readonly object[]
    readonly import: readonly object[]
  }
  expect(read.resource.flatMap((each) => Object.keys(each)).map((name) => name.replaceAll('"', ''))).toEqual(
    expect.arrayContaining([
      'databricks_postgres_project',
      'databricks_postgres_branch',
      'databricks_postgres_endpoint',
      'databricks_postgres_role',
      'databricks_postgres_database',
      'databricks_app',
      'databricks_secret_scope',
      'databricks_secret_acl',
    ]),
  )
  expect(read.import).toHaveLength(read.resource.length - 2)
  expect(text).toContain(String.raw`= "The \"shop\" ` + '$${x}"\n')
  const formatted = await runCommand(['terraform', 'fmt', '-'], { ...at, input: text }).catch(() => undefined)
  expect(text).toBe(formatted?.code === 0 ? formatted.stdout : text)
})

it('makes the same again with the official tool', async ({ skip }) => {
  const databricks = process.env['DATABRICKS_CLI']
  skip(databricks === undefined, 'needs DATABRICKS_CLI, the path of the official tool')
  const text = await workspace.cli(['export'])
  await using other = await startTestWorkspace()
  const folder = await mkdtemp(path.join(other.directory, 'bundle-'))
  await writeFile(path.join(folder, 'databricks.yml'), text)
  for (const app of ['web', 'batch']) {
    await mkdir(path.join(folder, 'apps', app), { recursive: true })
    await writeFile(path.join(folder, 'apps', app, 'app.py'), 'print(1)\n')
  }
  const env = {
    ...environment(other.home),
    DATABRICKS_HOST: other.host,
    DATABRICKS_TOKEN: other.token,
    DATABRICKS_BUNDLE_ENGINE: 'direct',
  }
  const run = async (...args: string[]) =>
    promisify(execFile)(databricks ?? '', args, { cwd: folder, env }).catch((error: unknown) => {
      throw new Error(JSON.stringify(error), { cause: error })
    })
  await run('bundle', 'validate', '--strict')
  // The tool starts all at once what depends on nothing, and a project does one thing after the other, as in the real service.
  // The value of a secret comes by hand, when its scope is there and before the app that uses it.
  for (let said = 'first'; said !== '';) {
    said = await run('bundle', 'deploy').then(() => '', String)
    expect(said).toMatch(/^$|conflicting operations|Secret does not exist/)
    if (said.includes('Secret does not exist'))
      await call('/api/2.0/secrets/put', { scope: 'keys', key: 'api', string_value: 'hush' }, other)
  }
  const withoutNotes = (each: string) => each.replace(/^#.*\n/gm, '')
  expect(withoutNotes(await other.cli(['export']))).toBe(withoutNotes(text))
}, 300_000)
