// The tutorial by keys alone, in English, and in Japanese in `npm run soak`: no mouse and no address after the first page. What the
// Connect dialog gives is used by psql and by the app on this machine.
import { appsRoutes } from '@lakelet/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSoak } from '../hostile/duration.ts'
import { environment, runCommand, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { NOTES, notesOf, openLocally } from '../system/notes-app.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { type Language, openConsole, TEXTS } from './console.ts'
import { choose, command, hasFocus, press, tabTo } from './keys.ts'
import { tutorialSql } from './tutorial-sql.ts'

const reason = await whyNoBrowser()
const CLIPBOARD = 'navigator.clipboard.readText()'

describe.skipIf(reason !== undefined)(`the tutorial by keyboard${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('is walked in English', { timeout: 400_000 }, () => expectWalked('en'))
  it.runIf(isSoak)('is walked in Japanese, which takes npm run soak', { timeout: 400_000 }, () =>
    expectWalked('ja'),
  )

  async function expectWalked(language: Language): Promise<void> {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, { language })
    const walk = new KeyWalk(page, language)
    const client = await walk.createApp()
    await walk.createProject()
    await walk.runSql(tutorialSql(client))
    const parameters = await walk.readParameters()
    await expectNotesFromPsql(workspace, parameters)
    if (language === 'en') await expectNotesLocally(workspace, await walk.source(workspace), parameters)
    await walk.attach()
    await walk.configure({ ...parameters, PGUSER: client })
    await walk.deploy()
    await walk.seeNotes()
    expect(problems).toEqual([])
  }
})

class KeyWalk {
  readonly #page: Page
  readonly #t: (typeof TEXTS)[Language]
  readonly #app: string
  readonly #project: string

  constructor(page: Page, language: Language) {
    this.#page = page
    this.#t = TEXTS[language]
    this.#app = `keys-app-${language}`
    this.#project = `keys-db-${language}`
  }

  /** Where the workspace keeps the files that the app began with. */
  async source({ client }: TestWorkspace): Promise<string> {
    const app = await client.call(appsRoutes.get, { params: { name: this.#app } })
    return app.default_source_code_path ?? ''
  }

  /** + New > App; gives the client id that the Environment tab copies. */
  async createApp(): Promise<string> {
    const { page, t } = { page: this.#page, t: this.#t }
    await press(page, page.getByRole('button', { name: t.shell.new, exact: true }))
    await choose(page, page.getByRole('menuitem', { name: t.shell.newApp, exact: true }))
    await page.getByText('Flask Hello World').waitFor()
    await tabTo(page, page.getByLabel(t.apps.name, { exact: true }))
    await page.keyboard.insertText(this.#app)
    await tabTo(page, page.getByRole('radio', { name: /Flask Hello/ }))
    const notes = page.getByRole('radio', { name: /Notes Node/ })
    for (let at = 0; at < 5 && !(await notes.isChecked()); at += 1) await page.keyboard.press('ArrowDown')
    await press(page, page.getByRole('button', { name: t.apps.create }))
    await page.getByRole('heading', { level: 1, name: this.#app }).waitFor({ timeout: 120_000 })
    await press(page, page.getByRole('link', { name: t.app.environment }))
    const row = page.getByRole('row', { name: /DATABRICKS_CLIENT_ID/ })
    return this.#copied(row.getByRole('button'), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  }

  async createProject(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await press(page, page.getByRole('button', { name: t.shell.switcher }))
    await choose(page, page.getByRole('menuitem', { name: 'Lakebase' }))
    await press(page, page.getByRole('button', { name: t.projects.create }).first())
    const name = page.getByRole('dialog').getByLabel(t.projects.name, { exact: true })
    await tabTo(page, name)
    await page.keyboard.insertText(this.#project)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: this.#project }).waitFor({ timeout: 120_000 })
  }

  async runSql(text: string): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await press(page, page.getByRole('navigation').getByRole('link', { name: t.sql.title }))
    const editor = page.locator('.cm-content')
    await tabTo(page, editor)
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(text)
    await page.keyboard.press('Control+Shift+Enter')
    // Out of the editor, which takes Tab for itself, at once: the words that it was looking for are not wanted any more.
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    expect(await hasFocus(page, editor)).toBe(false)
    await page.getByRole('tab', { name: '7 INSERT 0 3' }).waitFor()
    // Along the results by arrow.
    await tabTo(page, page.getByRole('tab', { name: '7 INSERT 0 3' }))
    await page.keyboard.press('ArrowLeft')
    expect(await page.getByRole('tab', { name: /^6 / }).getAttribute('aria-selected')).toBe('true')
  }

  /** Connect > Parameters only, with the token that its button copies as PGPASSWORD. */
  async readParameters(): Promise<Record<string, string>> {
    const { page, t } = { page: this.#page, t: this.#t }
    await press(page, page.getByRole('navigation').getByRole('link', { name: t.branch.overview }))
    const open = page.getByRole('button', { name: t.connect.title })
    await press(page, open)
    const dialog = page.getByRole('dialog')
    await tabTo(page, dialog.getByRole('tab', { name: t.connect.parameters }))
    const lines = await this.#copied(dialog.getByRole('button', { name: t.connect.copyAll }), /^PGHOST=/)
    const PGPASSWORD = await this.#copied(dialog.getByRole('button', { name: t.connect.copyToken }), /^ey/)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    // The focus is where it was before.
    await expect.poll(() => hasFocus(page, open)).toBe(true)
    const pairs = lines.split('\n').map((line) => line.split(/=(.*)/).slice(0, 2) as [string, string])
    return { ...Object.fromEntries(pairs), PGPASSWORD }
  }

  async attach(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await command(page, this.#app, new RegExp(`^${this.#app}\\s*${t.palette.app}$`))
    await press(page, page.getByRole('navigation').getByRole('link', { name: t.app.resources }))
    await press(page, page.getByRole('button', { name: t.app.attach }))
    const dialog = page.getByRole('dialog')
    await tabTo(page, dialog.getByLabel(t.app.branch, { exact: true }))
    await page.keyboard.type(this.#project)
    expect(await dialog.getByLabel(t.app.branch, { exact: true }).inputValue()).toContain(this.#project)
    await expect.poll(() => dialog.getByLabel(t.roles.database, { exact: true }).inputValue()).not.toBe('')
    await press(page, dialog.getByRole('button', { name: t.app.attach }))
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('row', { name: new RegExp(this.#project) }).waitFor()
  }

  /** Writes the values into app.yaml, in the files of the workspace. */
  async configure(values: Readonly<Record<string, string>>): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await command(page, t.files.title, new RegExp(t.files.title))
    for (const folder of ['databricks_apps', this.#app, 'notes-node-app']) {
      await press(page, page.getByRole('table').getByRole('link', { name: new RegExp(`^${folder}`) }))
    }
    await press(page, page.getByRole('button', { name: 'app.yaml', exact: true }))
    await tabTo(page, page.getByRole('textbox', { name: 'app.yaml' }))
    const lines = Object.entries(values)
      .filter(([name]) => name !== 'PGPASSWORD')
      .map(([name, value]) => `  - name: ${name}\n    value: '${value}'`)
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(`command: ['npm', 'run', 'start']\nenv:\n${lines.join('\n')}\n`)
    await press(page, page.getByRole('button', { name: t.common.save }))
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }

  async deploy(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await command(page, this.#app, new RegExp(`^${this.#app}\\s*${t.palette.app}$`))
    await press(page, page.getByRole('button', { name: t.app.deploy, exact: true }))
    await press(page, page.getByRole('dialog').getByRole('button', { name: t.app.deploy, exact: true }))
    await page.getByRole('heading', { name: t.app.buildLog }).waitFor()
    await page.getByRole('cell', { name: t.states.SUCCEEDED, exact: true }).waitFor({ timeout: 240_000 })
  }

  async seeNotes(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    const opening = page.context().waitForEvent('page')
    await press(page, page.getByRole('link', { name: t.apps.open }))
    const app = await opening
    await app.getByText('Hello from Lakebase!').waitFor()
    const items = await app.getByRole('listitem').allInnerTexts()
    expect(items.map((item) => item.split(' - ')[0])).toEqual(NOTES)
  }

  /** Presses a button that copies and gives what it copied. */
  async #copied(button: ReturnType<Page['getByRole']>, looks: RegExp): Promise<string> {
    await press(this.#page, button)
    await expect.poll(() => this.#page.evaluate<string>(CLIPBOARD)).toMatch(looks)
    return this.#page.evaluate<string>(CLIPBOARD)
  }
}

/** psql with nothing but what the Connect dialog shows; the endpoint is named because addresses without host names lead nowhere. */
async function expectNotesFromPsql(
  workspace: TestWorkspace,
  { ENDPOINT_NAME = '', ...values }: Readonly<Record<string, string>>,
): Promise<void> {
  const env = { ...environment(workspace.home), ...values, PGOPTIONS: `endpoint=${ENDPOINT_NAME}` }
  const words = ['psql', '-XAtc', 'select content from notes order by id']
  const { stdout, stderr } = await runCommand(words, { cwd: workspace.home, env })
  expect(stderr).toBe('')
  expect(stdout.trim().split('\n')).toEqual(NOTES.toReversed())
}

/** The app's files from the workspace, started on this machine as its reader with the values of the Connect dialog. */
async function expectNotesLocally(
  workspace: TestWorkspace,
  source: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const local = `${workspace.directory}/local-app`
  await workspace.cli(['workspace', 'export-dir', source, local])
  const install = ['npm', 'install', '--no-audit', '--no-fund']
  const env = Object.fromEntries(Object.entries(values).filter(([name]) => name !== 'PGPASSWORD'))
  const page = await openLocally(workspace, { local }, { install, run: ['npm', 'start'], env })
  expect(notesOf(page)).toEqual(NOTES)
}
