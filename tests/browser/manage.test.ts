// What people manage in the console: a compute's sessions and statements, branches as files, identities, secrets; errors in the language of the page.
import { readFile } from 'node:fs/promises'
import {
  appsRoutes,
  computeControlRoutes,
  credentialRoutes,
  endpointRoutes,
  roleRoutes,
  secretRoutes,
} from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole, TEXTS } from './console.ts'

const reason = await whyNoBrowser()
const PROJECT = 'managed'
const BRANCH = `/lakebase/projects/${PROJECT}/branches/production`

describe.skipIf(reason !== undefined)(`managing in the console${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    await workspace.cli(['postgres', 'create-project', PROJECT])
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('says why a compute is awake, ends a query and a session, and shows what statements cost', async () => {
    const t = TEXTS.en.activity
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const client = await connect(workspace)
    const ended = new Promise<string>((resolve) => client.on('error', (error) => resolve(error.message)))
    const slow = client.query('select pg_sleep(600)').catch((error: unknown) => String(error))
    await page.goto(`${workspace.host}${BRANCH}/activity`)
    const sessions = page.getByRole('table', { name: t.sessions })
    await sessions.getByRole('row', { name: /slow-one/ }).waitFor()
    const queries = page.getByRole('table', { name: t.queries })
    await queries
      .getByRole('row', { name: /pg_sleep/ })
      .getByRole('button', { name: t.cancel })
      .click()
    expect(await slow).toContain('canceling statement due to user request')
    await page.getByText(t.noQueries).waitFor()

    await page.getByRole('button', { name: t.createExtension }).click()
    const costs = page.getByRole('table', { name: t.performance })
    await costs.getByRole('button', { name: t.calls }).click()
    await costs.locator('th[aria-sort=descending]').waitFor()
    await page.getByRole('button', { name: t.reset }).click()
    await page.getByRole('dialog').getByText(t.resetLost).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: t.reset }).click()
    await page.getByText(t.wasReset).first().waitFor()

    await sessions
      .getByRole('row', { name: /slow-one/ })
      .getByRole('button', { name: t.end })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: t.end }).click()
    expect(await ended).toContain('terminating connection')
    await page.getByText(t.noSessions, { exact: true }).waitFor()

    const { sizing } = TEXTS.en.computes
    await page.goto(`${workspace.host}${BRANCH}/computes`)
    await page.getByText(`${sizing.now(1)} ${sizing.reasons.fixed}`).click()
    await page.getByRole('row', { name: new RegExp(sizing.load) }).waitFor()
    await page.getByRole('button', { name: TEXTS.en.common.edit, exact: true }).click()
    await page.getByRole('dialog').getByLabel(t.parking.title).selectOption('off')
    await page.getByRole('dialog').getByRole('button', { name: TEXTS.en.common.save }).click()
    await page.getByRole('definition').getByText(t.parking.choices.off).waitFor()

    await workspace.client.call(computeControlRoutes.suspend, {
      params: { project: PROJECT, branch: 'production', endpoint: 'primary' },
      body: {},
    })
    for (const place of [`${BRANCH}/activity`, `${BRANCH}/computes`, `/lakebase/projects/${PROJECT}`]) {
      await page.goto(`${workspace.host}${place}`)
      await page.getByText(t.awake.reasons['asked'] ?? '').waitFor()
    }
    await expectAsleep(workspace)
    expect(problems).toEqual([])
  })

  it('says in Japanese why something is refused, and keeps users, groups and service principals', async () => {
    const { identity, roles, common, permissions } = TEXTS.ja
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, { language: 'ja', width: 390 })
    const dialog = page.getByRole('dialog')
    const add = async (place: string, button: string, name: string) => {
      await page.goto(`${workspace.host}/settings/${place}`)
      await page.getByRole('button', { name: button }).click()
      await dialog.getByRole('textbox').fill(name)
      await dialog.getByRole('button', { name: button }).click()
    }
    await add('users', identity.addUser, 'no address')
    await dialog.getByText('メールアドレスを入力してください。').waitFor()
    await dialog.getByRole('textbox').fill('sam@example.com')
    await dialog.getByRole('button', { name: identity.addUser }).click()
    await page.getByRole('button', { name: `${identity.edit}: sam@example.com` }).click()
    await dialog.getByLabel(identity.displayName).fill('Sam')
    await dialog.getByLabel(identity.active).uncheck()
    await dialog.getByRole('button', { name: identity.save }).click()
    await page.getByRole('button', { name: `${identity.edit}: Sam` }).waitFor()

    await add('groups', identity.addGroup, 'crew')
    await page.getByRole('button', { name: `${identity.edit}: crew` }).click()
    await dialog.getByLabel('sam@example.com').check()
    await dialog.getByRole('button', { name: identity.save }).click()
    await page.getByRole('row', { name: /crew.*Sam/ }).waitFor()

    await add('service-principals', identity.addServicePrincipal, 'robot')
    await page.getByRole('button', { name: identity.secretsOf('robot') }).click()
    await dialog.getByRole('button', { name: identity.createSecret }).click()
    await dialog.getByText(identity.secretOnce).waitFor()
    await dialog.getByRole('button', { name: roles.stored }).click()
    await dialog
      .getByRole('row')
      .nth(1)
      .getByRole('button', { name: new RegExp(identity.revoke) })
      .click()
    await dialog.getByText(identity.revokeSecretLost).waitFor()
    await dialog.getByRole('button', { name: identity.revoke }).click()
    await dialog.getByText(identity.noSecrets).waitFor()
    await dialog.getByRole('button', { name: common.close }).click()
    await page.getByRole('button', { name: `${identity.remove}: robot` }).click()
    await dialog.getByText(identity.lost.ServicePrincipal).waitFor()
    await dialog.getByRole('textbox').fill('robot')
    await dialog.getByRole('button', { name: identity.remove }).click()
    await page.getByText(identity.removed('robot')).first().waitFor()

    await page.goto(`${workspace.host}/lakebase/projects/${PROJECT}/permissions`)
    await page.getByRole('button', { name: permissions.grant }).click()
    await dialog.getByRole('textbox').fill('nobody@example.com')
    await dialog.getByRole('button', { name: permissions.grant }).click()
    await dialog.getByText(/プリンシパル nobody@example.com .*は存在しません/).waitFor()
    expect(problems.filter((each) => !each.includes('Failed to load resource'))).toEqual([])
  })

  it('adds a role with its grants, shows its password once, changes and drops it', async () => {
    const { roles: t, common } = TEXTS.en
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const dialog = page.getByRole('dialog')
    const table = page.getByRole('table', { name: t.roles })
    await page.goto(`${workspace.host}${BRANCH}/roles`)
    await page.getByRole('button', { name: t.add }).click()
    await dialog.getByLabel(t.principal).selectOption('GROUP users')
    await dialog.getByLabel(t.grants).selectOption('read')
    await dialog.getByText('GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "users";').waitFor()
    await dialog.getByRole('button', { name: t.add }).click()
    await table.getByRole('row', { name: /users.*OAuth.*Group/ }).waitFor()
    const grants = `select has_schema_privilege('users', 'public', 'USAGE') as given`
    expect(await workspace.cli(['sql', '--project', PROJECT, grants])).toMatch(/true|\bt\b/)

    await page.getByRole('button', { name: t.add }).click()
    await dialog.getByLabel(t.method).selectOption('password')
    await dialog.getByLabel(t.roleName).fill('clerk')
    await dialog.getByRole('button', { name: t.add }).click()
    await dialog.getByText(TEXTS.en.identity.secretOnce).waitFor()
    await dialog.getByRole('button', { name: t.stored }).click()
    await page.getByRole('button', { name: `${t.change}: clerk` }).click()
    await dialog.getByLabel('CREATEDB').check()
    await dialog.getByRole('button', { name: common.save }).click()
    await table.getByRole('row', { name: /clerk.*createdb/ }).waitFor()
    await page.getByRole('button', { name: `${common.delete}: clerk` }).click()
    await dialog.getByLabel(t.heir).waitFor()
    await dialog.getByLabel(common.typeName('clerk')).fill('clerk')
    await dialog.getByRole('button', { name: t.drop }).click()
    await page.getByText(t.dropped('clerk')).first().waitFor()
    await page.goto(`${workspace.host}/lakebase/projects/${PROJECT}/permissions`)
    await page.getByRole('button', { name: TEXTS.en.permissions.grant }).click()
    await dialog.getByLabel(TEXTS.en.permissions.kind).selectOption('group_name')
    await dialog.getByRole('textbox').fill('users')
    await dialog.getByRole('button', { name: TEXTS.en.permissions.grant }).click()
    await page.getByRole('button', { name: `${TEXTS.en.permissions.revoke}: users` }).click()
    await dialog.getByText(/CAN_USE/).waitFor()
    await dialog.getByRole('button', { name: TEXTS.en.permissions.revoke }).click()
    await page
      .getByRole('button', { name: `${TEXTS.en.permissions.revoke}: users` })
      .waitFor({ state: 'detached' })
    expect(problems).toEqual([])
  })

  it('gives an app a database and a secret, deploys it, follows its log and takes the database away', async () => {
    const { app: t } = TEXTS.en
    await workspace.client.call(appsRoutes.create, {
      query: { template: 'node-hello-world' },
      body: { name: 'tenant' },
    })
    await workspace.client.call(secretRoutes.createScope, { body: { scope: 'given' } })
    await workspace.client.call(secretRoutes.put, {
      body: { scope: 'given', key: 'word', string_value: 'x' },
    })
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const dialog = page.getByRole('dialog')
    const resources = page.getByRole('table', { name: t.resources })
    await page.goto(`${workspace.host}/apps/tenant/resources`)
    await page.getByRole('button', { name: t.attach }).click()
    await dialog.getByText(/GRANT CONNECT, CREATE/).waitFor()
    await dialog
      .getByLabel(TEXTS.en.roles.database, { exact: true })
      .locator('option')
      .first()
      .waitFor({ state: 'attached' })
    await dialog.getByRole('button', { name: t.attach }).click()
    await resources.getByRole('row', { name: /databricks-postgres.*CAN_CONNECT_AND_CREATE/ }).waitFor()
    await page.getByRole('button', { name: t.attachSecret }).click()
    await dialog
      .getByLabel(t.secretKey, { exact: true })
      .locator('option')
      .first()
      .waitFor({ state: 'attached' })
    await dialog.getByRole('button', { name: t.attachSecret }).click()
    await resources.getByRole('row', { name: /given\/word.*READ/ }).waitFor()

    await page.goto(`${workspace.host}/apps/tenant/deployments`)
    await page.getByRole('button', { name: t.deploy, exact: true }).click()
    await dialog.getByRole('button', { name: t.deploy, exact: true }).click()
    await page.getByRole('row', { name: /Succeeded/ }).waitFor()
    await page.getByLabel(t.buildLog).getByText(/\S/).waitFor()
    await page.getByRole('button', { name: t.deploy, exact: true }).click()
    await dialog.getByRole('button', { name: t.deploy, exact: true }).click()
    const goBack = page.getByRole('button', { name: new RegExp(`^${t.rollBack}: `) })
    await goBack.waitFor()
    await goBack.click()
    await dialog.getByText(t.rollBackDoes).waitFor()
    await dialog.getByRole('button', { name: t.rollBack }).click()
    await expect.poll(() => goBack.count(), { timeout: 60_000 }).toBe(2)
    await page.goto(`${workspace.host}/apps/tenant`)
    await page.getByText(t.sandbox).waitFor()
    await page.goto(`${workspace.host}/apps/tenant/environment`)
    await page.getByRole('row', { name: /PGDATABASE/ }).waitFor()
    const { service_principal_client_id: client } = await workspace.client.call(appsRoutes.get, {
      params: { name: 'tenant' },
    })
    expect(await roleNames(workspace)).toContain(client)

    await page.goto(`${workspace.host}/apps/tenant/resources`)
    await page.getByRole('button', { name: `${t.detach}: postgres` }).click()
    await dialog.getByText(/what it owns goes to the owner of the database/).waitFor()
    await dialog.getByRole('button', { name: t.detach }).click()
    await page.getByText(t.detached).first().waitFor()
    expect(await roleNames(workspace)).not.toContain(client)
    expect(problems).toEqual([])
  })

  it('exports a branch to a file and makes a branch of it, and says what a wrong file is', async () => {
    const { branchFiles: t, common } = TEXTS.en
    await workspace.cli(['sql', '--project', PROJECT, 'CREATE TABLE carried AS SELECT 7 AS n'])
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const dialog = page.getByRole('dialog')
    await page.goto(`${workspace.host}/lakebase/projects/${PROJECT}/branches`)
    await page.getByRole('button', { name: `${common.more}: production` }).click()
    await page.getByRole('menuitem', { name: t.export }).click()
    const arriving = page.waitForEvent('download')
    await dialog.getByRole('button', { name: t.exportDo, exact: true }).click()
    const arrived = await arriving
    expect(arrived.suggestedFilename()).toBe('production.tar.zst')
    const bytes = await readFile(await arrived.path())
    await dialog.waitFor({ state: 'detached' })

    await page.getByRole('button', { name: t.import }).click()
    await dialog.getByRole('button', { name: t.importDo, exact: true }).click()
    await dialog.getByText(t.chooseFile).waitFor()
    const choose = (name: string, buffer: Buffer) =>
      dialog.getByLabel(t.file, { exact: true }).setInputFiles({ name, buffer, mimeType: '' })
    await choose('carried.tar.zst', bytes.subarray(0, bytes.length - 1000))
    await dialog
      .getByText(/branch import carried.tar.zst --project managed --id carried/)
      .waitFor({ state: 'attached' })
    await dialog.getByRole('button', { name: t.importDo, exact: true }).click()
    await dialog.getByText(/carried.tar.zst .*(damaged|cut|whole)/).waitFor()
    await choose('carried.tar.zst', bytes)
    await dialog.getByRole('button', { name: t.importDo, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'carried' }).waitFor()
    const sql = ['sql', '--project', PROJECT, '--branch', 'carried', 'SELECT n FROM carried']
    expect(await workspace.cli(sql)).toContain('7')

    await page.goto(`${workspace.host}/lakebase/projects/${PROJECT}/branches?export=gone`)
    await dialog.getByRole('button', { name: t.exportDo, exact: true }).click()
    await dialog.getByText(/gone.*(not found|does not exist)/).waitFor()
    await page.goto(`${workspace.host}/lakebase/projects/${PROJECT}/branches`)
    await page.getByRole('row', { name: /carried/ }).waitFor()
    expect(problems.filter((each) => !each.includes('Failed to load resource'))).toEqual([])
  })

  it('keeps secrets and who may use them, and never shows a value', async () => {
    const { secrets, permissions, common } = TEXTS.en
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const dialog = page.getByRole('dialog')
    await page.goto(`${workspace.host}/settings/secrets`)
    await page.getByRole('button', { name: secrets.addScope }).click()
    await dialog.getByLabel(secrets.scope).fill('keys')
    await dialog.getByRole('button', { name: common.create }).click()
    await page.getByRole('button', { name: secrets.put }).click()
    await dialog.getByLabel(secrets.key).fill('api')
    await dialog.getByLabel(secrets.value).fill(' a value of mine ')
    await dialog.getByRole('button', { name: common.save }).click()
    await page.getByRole('table', { name: secrets.keys }).getByRole('row', { name: /api/ }).waitFor()
    await page.getByRole('button', { name: secrets.grant }).click()
    await dialog.getByLabel(permissions.principal).selectOption('users')
    await dialog.getByRole('button', { name: secrets.grant }).click()
    const access = page.getByRole('table', { name: secrets.access })
    await access.getByRole('row', { name: /users.*READ/ }).waitFor()
    const stored = await workspace.client.call(secretRoutes.get, { query: { scope: 'keys', key: 'api' } })
    expect(Buffer.from(stored.value, 'base64').toString()).toBe(' a value of mine ')
    // The commands for what was done name everything but the value.
    await page.keyboard.press('d')
    await dialog
      .getByText(/secrets\/put/)
      .first()
      .waitFor()
    expect(await page.content()).not.toContain('a value of mine')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: secrets.deleteScope }).click()
    await dialog.getByText(secrets.deleteScopeLost(1)).waitFor()
    await dialog.getByRole('textbox').fill('keys')
    await dialog.getByRole('button', { name: secrets.deleteScope }).click()
    await page.getByText(secrets.deleted('keys')).first().waitFor()
    expect(problems).toEqual([])
  })
})

/** The owner's session, as a driver opens it. */
async function connect(workspace: TestWorkspace): Promise<Client> {
  const endpoint = `projects/${PROJECT}/branches/production/endpoints/primary`
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    application_name: 'slow-one',
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  await client.connect()
  return client
}

async function expectAsleep(workspace: TestWorkspace): Promise<void> {
  const params = { project: PROJECT, branch: 'production', endpoint: 'primary' }
  const { status } = await workspace.client.call(endpointRoutes.getEndpoint, { params })
  expect(status.current_state).toBe('IDLE')
}

async function roleNames(workspace: TestWorkspace): Promise<string[]> {
  const params = { project: PROJECT, branch: 'production' }
  const { roles = [] } = await workspace.client.call(roleRoutes.listRoles, { params })
  return roles.map(({ status }) => status.postgres_role)
}
