// Names, values and errors of users that would be markup, or would turn a line around: shown as text, whole pages intact. And a result
// of 100,000 rows in the page that shows it.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appsRoutes } from '@lakelet/api'
import { paths } from '../../packages/console/src/paths.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole, TEXTS } from './console.ts'

const reason = await whyNoBrowser()
const MARKUP = '<img src=x onerror=window.planted=1>'
const PROJECT = 'hostile'
const { sql } = TEXTS.en
const SQL = `CREATE TABLE "${MARKUP}" (id int primary key, "<b>c" text);
INSERT INTO "${MARKUP}" VALUES (1, '<script>window.planted=1</script>'), (2, E'\\u202Eabc'), (3, repeat('x', 1000000)), (4, E'a\\u0007\\u001b[31mb');`

describe.skipIf(reason !== undefined)(`hostile data${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    const { client } = workspace
    const json = JSON.stringify({ spec: { display_name: MARKUP } })
    await workspace.cli(['postgres', 'create-project', PROJECT, '--json', json])
    await client.call(appsRoutes.create, {
      query: { template: 'node-hello-world' },
      body: { name: 'hostile', description: MARKUP },
    })
    await workspace.cli(['sql', SQL])
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('is shown as text on every page that has it', async () => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    for (const place of [paths.projects, paths.project(PROJECT), paths.apps, paths.app('hostile')]) {
      await page.goto(`${workspace.host}${place}`)
      await page.getByText(MARKUP, { exact: true }).first().waitFor()
    }
    await page.goto(`${workspace.host}${paths.branch(PROJECT, 'production', '/tables')}`)
    await page.getByRole('columnheader', { name: '<b>c' }).waitFor()
    await page.getByText('<script>window.planted=1</script>').waitFor()
    await page.getByText('⟨U+202E⟩abc').waitFor()
    await run(page, workspace, `select * from "${MARKUP}" order by id`)
    await page.getByRole('gridcell', { name: '<script>window.planted=1</script>' }).waitFor()
    await page.getByRole('gridcell', { name: 'a␇␛[31mb' }).waitFor()
    expect(await page.evaluate('window.planted')).toBeUndefined()
    expect(problems).toEqual([])
  })

  it("keeps an error's text in its frame", async () => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const forged = `</p><button>Sign in again</button>${'\n'.repeat(40)}${MARKUP}`
    await run(page, workspace, `do $body$ begin raise exception '%', $t$${forged}$t$; end $body$`)
    const panel = page.getByRole('alert').filter({ hasText: '</p><button>Sign in again</button>' })
    await panel.waitFor()
    expect(await page.getByRole('button', { name: 'Sign in again' }).count()).toBe(0)
    const results = await page.getByRole('region', { name: sql.results }).boundingBox()
    const box = await panel.boundingBox()
    expect(box && results && box.y >= results.y && box.x >= results.x).toBe(true)
    expect(await page.evaluate('window.planted')).toBeUndefined()
    expect(problems).toEqual([])
  })

  it('asks before a statement of the default branch takes everything away', async () => {
    await using browser = await launchBrowser()
    const { page } = await openConsole(browser, workspace)
    // A branch that the page does not know yet is asked about too.
    const { promise: asked, resolve: answerAboutBranch } = Promise.withResolvers<void>()
    await page.route('**/api/2.0/postgres/projects/*/branches/production', (route) =>
      asked.then(() => route.continue()),
    )
    await run(page, workspace, 'create table kept (id int); insert into kept values (1); truncate kept')
    const question = page.getByRole('dialog', { name: sql.askFirst })
    await question.getByText('truncate kept', { exact: true }).waitFor()
    answerAboutBranch()
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: sql.runAll }).click()
    await question.getByRole('button', { name: sql.runAnyway }).click()
    const last = page.getByRole('tab', { name: /3 TRUNCATE/ })
    await last.waitFor()
    expect(await last.isVisible()).toBe(true)
  })

  it('shows 100,000 rows and lets one go to the last', async () => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    await run(page, workspace, "select n, 'row ' || n as text from generate_series(1, 100000) n")
    await page.getByText(sql.rows(100_000)).first().waitFor()
    const grid = page.getByRole('grid', { name: sql.grid })
    expect(await grid.getAttribute('aria-rowcount')).toBe('100001')
    expect(await grid.getByRole('row').count()).toBeLessThan(200)
    await page.evaluate(`document.querySelector('[role=grid]').scrollTop = Number.MAX_SAFE_INTEGER`)
    await grid.getByRole('gridcell', { name: 'row 100000', exact: true }).waitFor()
    expect(problems).toEqual([])
  })
})

/** Runs all of `text` in the SQL editor. */
async function run(page: Page, workspace: TestWorkspace, text: string): Promise<void> {
  await page.goto(`${workspace.host}${paths.branch(PROJECT, 'production', '/sql')}`)
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
  await page.getByRole('button', { name: sql.runAll }).click()
}
