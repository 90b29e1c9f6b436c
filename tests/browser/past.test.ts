// The past of a branch in the console: a branch from a moment of it, looking at it, bringing it back, and what differs in the schema.
import { restoreRoutes } from '@lakelet/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole, TEXTS } from './console.ts'
import { hasFocus, press, tabTo } from './keys.ts'

const reason = await whyNoBrowser()
const PROJECT = 'past'
const PLACE = `/lakebase/projects/${PROJECT}/branches`

describe.skipIf(reason !== undefined)(`the past in the console${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace
  /** When there were two rows, and no table `"odd ""name"`. */
  let twoRows: string

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    await workspace.cli(['postgres', 'create-project', PROJECT])
    await sql(workspace, "CREATE TABLE notes (content text); INSERT INTO notes VALUES ('a'), ('b')")
    const rows = await sql(workspace, 'SELECT clock_timestamp()')
    twoRows = `${/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+/.exec(rows)?.[0].replace(' ', 'T')}Z`
    await sql(workspace, 'DELETE FROM notes; CREATE TABLE "odd ""<b>name" (id int PRIMARY KEY)')
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('makes a branch from a time, after a look at what was there', async () => {
    const { past, branches, common } = TEXTS.en
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const dialog = page.getByRole('dialog')
    await page.goto(`${workspace.host}${PLACE}?new=branch`)
    await dialog.getByLabel(branches.name, { exact: true }).fill('was')
    await dialog.getByLabel(past.data).selectOption('time')
    const clock = dialog.getByLabel(past.clock, { exact: true })
    await clock.fill('2020-01-01T00:00:00Z')
    await dialog.getByText(/The history goes from/).waitFor()
    await dialog.getByRole('button', { name: common.create }).click()
    await clock.fill('26:00')
    await dialog.getByText(past.noTime).waitFor()
    expect(await dialog.getByRole('button', { name: past.preview }).getAttribute('aria-disabled')).toBe(
      'true',
    )

    await clock.fill(twoRows)
    await dialog.getByRole('button', { name: past.preview }).click()
    const tables = dialog.getByRole('table', { name: past.tables })
    await tables.getByRole('row', { name: /public\.notes 2 0/ }).waitFor()
    await tables.getByRole('row', { name: new RegExp(`"odd ""<b>name" ${past.notThere} 0`) }).waitFor()
    await dialog.getByText(past.previewed).waitFor()
    expect(await branchNames(workspace)).toEqual(['production'])

    await dialog.getByText(TEXTS.en.calls.title).click()
    await dialog
      .getByText(/lakelet postgres create-branch projects\/past was --json .*source_branch_time/)
      .waitFor()
    await dialog.getByRole('button', { name: common.create }).click()
    await page.getByRole('heading', { level: 1, name: 'was' }).waitFor()
    expect(await sql(workspace, 'SELECT count(*) AS n FROM notes', 'was')).toContain('2')
    expect(problems).toEqual([])
  })

  it('shows in Japanese what a schema differs in, either way round, and that it is equal', async () => {
    const { diff, past } = TEXTS.ja
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, { language: 'ja', width: 390 })
    await page.goto(`${workspace.host}${PLACE}/production/diff?with=was`)
    await page.getByRole('button', { name: diff.compare }).click()
    const tables = page.getByRole('region', { name: diff.kinds['table'] ?? '' })
    await tables.getByText('"odd ""<b>name"').waitFor()
    await tables.getByText(diff.actions.remove).waitFor({ state: 'attached' })
    await page.getByText(diff.destructive(1)).waitFor()
    await page.getByRole('button', { name: diff.switch }).click()
    await page.getByRole('button', { name: diff.compare }).click()
    await tables.getByText(diff.actions.add).waitFor({ state: 'attached' })
    await page.getByRole('group', { name: 'SQL' }).getByText('CREATE TABLE').waitFor()
    await sql(workspace, 'CREATE TABLE "odd ""<b>name" (id int PRIMARY KEY)', 'was')
    await page.getByRole('button', { name: diff.compare }).click()
    await page.getByText(diff.equal).waitFor()

    await page.goto(`${workspace.host}${PLACE}/production/diff?with=production`)
    const isSame = page.locator('button[aria-disabled=true]', { hasText: diff.compare })
    await isSame.waitFor()
    await page.getByLabel(`${past.data}: production`).first().selectOption('time')
    await page.getByLabel(past.clock, { exact: true }).fill(twoRows)
    await page.getByRole('button', { name: diff.compare }).click()
    await tables.getByText(diff.actions.add).waitFor({ state: 'attached' })
    expect(problems).toEqual([])
  })

  it('reads the past in the SQL editor, where nothing can be changed, and comes back', async () => {
    const { travel: t, past, sql: texts } = TEXTS.en
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const run = async (text: string) => {
      await page.locator('.cm-content').click()
      await page.keyboard.press('Control+a')
      await page.keyboard.insertText(text)
      await page.getByRole('button', { name: texts.runAll }).click()
    }
    const cell = (text: string) => page.getByRole('gridcell', { name: text, exact: true })
    await page.goto(`${workspace.host}${PLACE}/production/sql`)
    await run('select count(*) + 70 from notes')
    await cell('70').waitFor()
    await page.getByRole('button', { name: `${t.title}: ${t.now}` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(past.clock, { exact: true }).fill(twoRows)
    await dialog.getByRole('button', { name: t.go }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByText(t.readOnly).waitFor()
    // What the present gave is not shown as the past.
    expect(await cell('70').count()).toBe(0)
    expect(await page.getByRole('checkbox', { name: texts.readOnly }).isChecked()).toBe(true)
    await run('select count(*) + 70 from notes')
    await cell('72').waitFor()
    await run('delete from notes')
    await page
      .getByText(/cannot execute DELETE in a read-only transaction/)
      .first()
      .waitFor()
    await page.reload()
    await page.getByText(t.readOnly).waitFor()
    await page.getByRole('button', { name: t.back }).click()
    await run('select count(*) + 70 from notes')
    await cell('70').waitFor()

    await page.goto(`${workspace.host}${PLACE}/production/sql?at=2020-01-01T00:00:00Z`)
    await run('select count(*) from notes')
    await page
      .getByText(/outside of the history/)
      .first()
      .waitFor()
    expect(problems.filter((each) => !each.includes('Failed to load resource'))).toEqual([])
  })

  it('restores by the keys alone, in place, and says what is kept where', async () => {
    const { restore: t, past } = TEXTS.en
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, { theme: 'dark' })
    await page.goto(`${workspace.host}${PLACE}/production/restore`)
    await moveAlongTheLine(page)
    await tabTo(page, page.getByLabel(past.clock, { exact: true }))
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(twoRows)
    await press(page, page.getByRole('button', { name: t.action }))
    const dialog = page.getByRole('dialog')
    await tabTo(page, dialog.getByRole('radio', { name: t.intoNew }))
    await page.keyboard.press('ArrowDown')
    await dialog.getByText(t.lost('production')).waitFor()
    await tabTo(page, dialog.getByLabel(t.backupName))
    await page.keyboard.insertText('before')
    await press(page, dialog.getByRole('button', { name: t.confirm }))
    await page.getByText(t.doneInPlace('production')).waitFor()
    await page.getByRole('link', { name: 'before' }).waitFor()
    expect(await sql(workspace, 'SELECT count(*) AS n FROM notes')).toContain('2')
    expect(await sql(workspace, 'SELECT count(*) AS n FROM notes', 'before')).toContain('0')
    await page
      .getByRole('table', { name: t.events })
      .getByRole('row', { name: new RegExp(t.marks.restore) })
      .waitFor()
    expect(problems).toEqual([])
  })

  it('restores into a new branch from the line, and says why a position cannot be', async () => {
    const { restore: t, past } = TEXTS.en
    const params = { project: PROJECT, branch: 'production' }
    const history = await workspace.client.call(restoreRoutes.getHistory, { params })
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, { width: 390 })
    await page.goto(`${workspace.host}${PLACE}/production/restore`)
    await page.getByRole('slider').click({ position: { x: 200, y: 30 } })
    await page.getByRole('radio', { name: t.byLsn }).check()
    await page.getByLabel(past.lsn).fill('0/1')
    await page.getByText(/Choose a position in between/).waitFor()
    await page.getByLabel(past.lsn).fill(history.latest_restore_lsn)
    await page.getByRole('button', { name: t.action }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(t.newName).fill('production')
    await dialog.getByRole('button', { name: t.confirm }).click()
    await dialog
      .getByRole('alert')
      .getByText(/already exists/)
      .waitFor()
    await dialog.getByLabel(t.newName).fill('copy')
    await dialog.getByRole('button', { name: t.confirm }).click()
    await page.getByText(t.doneNew).waitFor()
    expect(await branchNames(workspace)).toContain('copy')
    expect(problems.filter((each) => !each.includes('Failed to load resource'))).toEqual([])
  })

  it('takes a snapshot, makes a branch of it, sets a schedule and a window, and deletes', async () => {
    const { snapshots: t, branches, common, past, restore, project } = TEXTS.en
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const dialog = page.getByRole('dialog')
    await page.goto(`${workspace.host}${PLACE}/production/restore`)
    await page.getByRole('button', { name: t.create }).click()
    await dialog.getByLabel(t.name).fill('Not a name')
    await dialog.getByRole('button', { name: common.create }).click()
    await dialog.getByText(TEXTS.en.projects.nameInvalid).waitFor()
    await dialog.getByLabel(t.name).fill('keep')
    await dialog.getByRole('button', { name: common.create }).click()
    const list = page.getByRole('table', { name: t.title })
    await list.getByRole('row', { name: /keep production/ }).waitFor()

    await page.getByRole('button', { name: t.editSchedule }).click()
    await dialog.getByRole('button', { name: t.addCadence }).click()
    await dialog.getByLabel(t.every).selectOption('monthly')
    await dialog.getByLabel(t.day).selectOption('31')
    await dialog.getByLabel(t.hour).selectOption('4')
    await dialog.getByRole('button', { name: common.save }).click()
    await page.getByText(t.monthly(31, 4, t.keptFor('7 days'))).waitFor()

    await page.goto(`${workspace.host}${PLACE}?new=branch`)
    await dialog.getByLabel(branches.name, { exact: true }).fill('from-snapshot')
    await dialog.getByLabel(past.data).selectOption('snapshot')
    await dialog.getByRole('button', { name: common.create }).click()
    await page.getByRole('heading', { level: 1, name: 'from-snapshot' }).waitFor()
    expect(await sql(workspace, 'SELECT count(*) AS n FROM notes', 'from-snapshot')).toMatch(/\d/)

    await page.goto(`${workspace.host}${PLACE}/was/restore`)
    const create = page.getByRole('button', { name: t.create })
    await page.locator('button[aria-disabled=true]', { hasText: t.create }).waitFor()
    expect(await create.getAttribute('title')).toContain('root')
    await list.getByRole('button', { name: `${common.more}: keep` }).click()
    await page.getByRole('menuitem', { name: t.restore }).click()
    await dialog.getByText(`${restore.marks.snapshot}: keep`).waitFor()
    await page.keyboard.press('Escape')
    await list.getByRole('button', { name: `${common.more}: keep` }).click()
    await page.getByRole('menuitem', { name: t.delete }).click()
    await dialog.getByRole('textbox').fill('keep')
    await dialog.getByRole('button', { name: t.delete }).click()
    await page.getByText(t.none).waitFor()

    await page.goto(`${workspace.host}/lakebase/projects/${PROJECT}/settings`)
    await page.getByLabel(project.window).fill('40')
    await page.getByRole('button', { name: common.save }).click()
    await page.getByText(project.windowWrong).waitFor()
    await page.getByLabel(project.window).fill('14')
    await page.getByRole('button', { name: common.save }).click()
    await page.getByText(common.saved).first().waitFor()
    const found = await workspace.cli(['postgres', 'get-project', `projects/${PROJECT}`, '--output', 'json'])
    expect(found).toContain('1209600s')
    expect(problems).toEqual([])
  })
})

/** The moment is a slider: its keys move it, and the fields beside it follow. */
async function moveAlongTheLine(page: Page): Promise<void> {
  const line = page.getByRole('slider')
  await tabTo(page, line)
  const valueAfter = async (key: string) => {
    await page.keyboard.press(key)
    return Number(await line.getAttribute('aria-valuenow'))
  }
  const first = await valueAfter('Home')
  expect(first).toBe(Number(await line.getAttribute('aria-valuemin')))
  expect(await valueAfter('ArrowRight')).toBeGreaterThan(first)
  expect(await valueAfter('PageDown')).toBe(first)
  expect(await valueAfter('End')).toBe(Number(await line.getAttribute('aria-valuemax')))
  expect(await hasFocus(page, line)).toBe(true)
}

function sql(workspace: TestWorkspace, text: string, branch = 'production'): Promise<string> {
  return workspace.cli(['sql', '--project', PROJECT, '--branch', branch, text])
}

async function branchNames(workspace: TestWorkspace): Promise<string[]> {
  const listed = JSON.parse(
    await workspace.cli(['postgres', 'list-branches', `projects/${PROJECT}`, '--output', 'json']),
  ) as { readonly branch_id: string }[] | { readonly branches: { readonly branch_id: string }[] }
  return (Array.isArray(listed) ? listed : listed.branches).map(({ branch_id: id }) => id).toSorted()
}
