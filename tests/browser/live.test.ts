// Two browsers at once, and a server that goes and comes back under an open page.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole } from './console.ts'

const reason = await whyNoBrowser()

describe.skipIf(reason !== undefined)(`an open page${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('sees what another browser does, without a reload', { timeout: 120_000 }, async () => {
    await using browser = await launchBrowser()
    const first = await openConsole(browser, workspace)
    const second = await openConsole(browser, workspace)
    await second.page.goto(`${workspace.host}/lakebase`)
    await second.page.getByText('No project yet').waitFor()
    await first.page.goto(`${workspace.host}/lakebase?new=project`)
    await first.page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('seen')
    await first.page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click()
    const row = second.page.getByRole('row', { name: /seen/ })
    await row.waitFor({ timeout: 20_000 })
    await row.getByText('Active').waitFor({ timeout: 20_000 })
    expect([...first.problems, ...second.problems]).toEqual([])
  })
})
