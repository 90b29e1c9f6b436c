// Two browsers at once, and a server that goes and comes back under an open page.
import { projectRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole, TEXTS } from './console.ts'
import { expectInLog } from '../guards/log-guard.ts'

const reason = await whyNoBrowser()

describe.skipIf(reason !== undefined)(`an open page${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('sees what another browser does, without a reload', async () => {
    await using browser = await launchBrowser()
    const first = await openConsole(browser, workspace)
    const second = await openConsole(browser, workspace)
    await second.page.goto(`${workspace.host}/lakebase`)
    await second.page.getByText('No project yet').waitFor()
    await first.page.goto(`${workspace.host}/lakebase?new=project`)
    await first.page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('seen')
    await first.page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click()
    const row = second.page.getByRole('row', { name: /seen/ })
    await row.waitFor()
    await row.getByText('Active').waitFor()
    expect([...first.problems, ...second.problems]).toEqual([])
  })

  it('goes on by itself when the server went and came back', async () => {
    expectInLog(/stopped a Postgres of an earlier run/)
    await using browser = await launchBrowser()
    const { page } = await openConsole(browser, workspace)
    await page.goto(`${workspace.host}/lakebase`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.evaluate('window.keptSinceBefore = true')
    await workspace.stop('SIGKILL')
    // Something that the page has to ask the server for.
    await page.getByRole('button', { name: TEXTS.en.shell.switcher }).click()
    await page.getByRole('menuitem', { name: 'Apps', exact: true }).click()
    await page.getByText(TEXTS.en.shell.reconnecting).waitFor()
    await using again = await restart(workspace)
    await page.getByText(TEXTS.en.shell.reconnecting).waitFor({ state: 'hidden' })
    await page.getByRole('heading', { level: 1, name: TEXTS.en.apps.title }).waitFor()
    await again.client.call(projectRoutes.createProject, { query: { project_id: 'after' }, body: {} })
    await page.getByRole('button', { name: TEXTS.en.shell.switcher }).click()
    await page.getByRole('menuitem', { name: 'Lakebase' }).click()
    await page.getByRole('row', { name: /after/ }).waitFor()
    expect(await page.evaluate('window.keptSinceBefore')).toBe(true)
  })
})

/** The workspace of the same directory at the same address. */
function restart(workspace: TestWorkspace): Promise<TestWorkspace> {
  const ports = [
    '--http-port',
    new URL(workspace.host).port,
    '--postgres-port',
    String(workspace.postgres.port),
  ]
  return startTestWorkspace({ directory: workspace.directory, args: ports })
}
