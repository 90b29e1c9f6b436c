// Who may log in to a database, seen from outside: people, service principals, groups and password roles, awake and asleep.
import { readFile } from 'node:fs/promises'
import {
  credentialRoutes,
  endpointRoutes,
  operationRoutes,
  projectRoutes,
  roleRoutes,
  scimRoutes,
  servicePrincipalSecretRoutes,
} from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const ENDPOINT = 'projects/team/branches/production/endpoints/primary'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace({ env: { LAKELET_SCALE_TO_ZERO_DEFAULT_SECONDS: '60' } })
  await workspace.cli(['postgres', 'create-project', 'team'])
})

afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
})

/** One query as `user`; rejects as the driver does. */
async function query(user: string, password: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({
    ...workspace.postgres,
    user,
    password,
    database: 'databricks_postgres',
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

async function ownerToken(group?: string): Promise<string> {
  const body = { endpoint: ENDPOINT, ...(group === undefined ? {} : { group_name: group }) }
  return (await workspace.client.call(credentialRoutes.generate, { body })).token
}

it('lets a member log in as its group, and nobody else', async () => {
  const me = await workspace.client.call(scimRoutes.me, {})
  await workspace.client.call(scimRoutes.createGroup, {
    body: { displayName: 'analysts', members: [{ value: me.id }] },
  })
  const outsider = await servicePrincipal('outsider')
  const owner = await ownerToken()
  await query(workspace.user, owner, 'CREATE EXTENSION IF NOT EXISTS databricks_auth')
  await query(workspace.user, owner, `SELECT databricks_create_role('analysts', 'GROUP')`)
  const rows = await query('analysts', await ownerToken('analysts'), 'SELECT current_user')
  expect(rows).toEqual([{ current_user: 'analysts' }])
  await expect(query('analysts', await outsider.token(), 'SELECT 1')).rejects.toMatchObject({ code: /^28/ })
})

it('gives a service principal nothing but what was granted, and takes its credential for no other role', async () => {
  const program = await servicePrincipal('program')
  const owner = await ownerToken()
  await query(workspace.user, owner, 'CREATE TABLE ledger (n int)')
  await expect(query(program.name, await program.token(), 'SELECT 1')).rejects.toMatchObject({ code: /^28/ })
  await query(workspace.user, owner, `SELECT databricks_create_role('${program.name}', 'service_principal')`)
  await expect(query(program.name, await program.token(), 'TABLE ledger')).rejects.toMatchObject({
    code: '42501',
  })
  await expect(query(workspace.user, await program.token(), 'SELECT 1')).rejects.toMatchObject({
    code: /^28/,
  })
  await query(workspace.user, owner, `GRANT SELECT ON ledger TO "${program.name}"`)
  expect(await query(program.name, await program.token(), 'TABLE ledger')).toEqual([])
})

it('takes passwords where the project allows them, awake and asleep, and not before', async () => {
  await query(
    workspace.user,
    await ownerToken(),
    `CREATE ROLE native LOGIN PASSWORD 'correct horse battery staple'`,
  )
  const login = () => query('native', 'correct horse battery staple', 'SELECT current_user')
  await expect(login()).rejects.toMatchObject({ code: '28P01' })
  await allowPasswords(true)
  expect(await login()).toEqual([{ current_user: 'native' }])
  await expect(query('native', 'wrong', 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  await suspend()
  expect(await login()).toEqual([{ current_user: 'native' }])
  await allowPasswords(false)
  await expect(login()).rejects.toMatchObject({ code: '28P01' })
})

it('takes the password that was made for a role and is shown by the API', async () => {
  const params = { project: 'team', branch: 'production' }
  const made = await workspace.client.call(roleRoutes.createRole, {
    params,
    query: { role_id: 'generated' },
    body: { spec: { postgres_role: 'generated' } },
  })
  const operation = made.name.split('/').at(-1) ?? ''
  const ask = { params: { ...params, role: 'generated', operation } }
  const isDone = async () => (await workspace.client.call(operationRoutes.getRoleOperation, ask)).done
  await expect.poll(isDone).toBe(true)
  await allowPasswords(true)
  const role = { ...params, role: 'generated' }
  const { password } = await workspace.client.call(roleRoutes.revealRolePassword, { params: role, body: {} })
  expect(await query('generated', password, 'SELECT current_user')).toEqual([{ current_user: 'generated' }])
  await allowPasswords(false)
})

it('does not wake a disabled endpoint', async () => {
  const { token } = { token: await ownerToken() }
  await setDisabled(true)
  await expect(query(workspace.user, token, 'SELECT 1')).rejects.toThrow('endpoint is disabled')
  await setDisabled(false)
  expect(await query(workspace.user, token, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

/** A service principal with a secret, and a way to credentials of its own. */
async function servicePrincipal(displayName: string) {
  const made = await workspace.client.call(scimRoutes.createServicePrincipal, { body: { displayName } })
  const { secret } = await workspace.client.call(servicePrincipalSecretRoutes.create, {
    params: { service_principal_id: made.id },
    body: {},
  })
  return {
    name: made.applicationId,
    async token(): Promise<string> {
      const basic = Buffer.from(`${made.applicationId}:${secret}`).toString('base64')
      const reply = await fetch(`${workspace.host}/oidc/v1/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
      })
      const { access_token: bearer } = (await reply.json()) as { access_token: string }
      const credential = await fetch(`${workspace.host}/api/2.0/postgres/credentials`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ endpoint: ENDPOINT }),
      })
      return ((await credential.json()) as { token: string }).token
    },
  }
}

async function allowPasswords(enabled: boolean): Promise<void> {
  const operation = await workspace.client.call(projectRoutes.updateProject, {
    params: { project: 'team' },
    query: { update_mask: 'spec.enable_pg_native_login' },
    body: { spec: { enable_pg_native_login: enabled } },
  })
  await done(operation.name)
}

async function setDisabled(disabled: boolean): Promise<void> {
  const operation = await workspace.client.call(endpointRoutes.updateEndpoint, {
    params: { project: 'team', branch: 'production', endpoint: 'primary' },
    query: { update_mask: 'spec.disabled' },
    body: { spec: { disabled } },
  })
  await done(operation.name)
}

/** Asleep for the user: disabling stops the compute, enabling does not start it. */
async function suspend(): Promise<void> {
  await setDisabled(true)
  await setDisabled(false)
}

async function done(name: string): Promise<void> {
  const [, project = '', kind, leaf = '', , endpoint = ''] = name.split('/')
  const operation = name.split('/').at(-1) ?? ''
  await expect
    .poll(
      async () =>
        kind === 'branches'
          ? (
              await workspace.client.call(operationRoutes.getEndpointOperation, {
                params: { project, branch: leaf, endpoint, operation },
              })
            ).done
          : (
              await workspace.client.call(operationRoutes.getProjectOperation, {
                params: { project, operation },
              })
            ).done,
      { timeout: 90_000 },
    )
    .toBe(true)
}
