// What people manage in the console: a compute's sessions and statements, in the language of the page.
import { readFile } from 'node:fs/promises'
import { computeControlRoutes, credentialRoutes, endpointRoutes } from '@lakelet/api'
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
    await page.getByText(t.noSessions).waitFor()

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
