// The tutorial by mouse, in Japanese (in English it is walked by keys), and in English in `npm run soak`: everything that it says to
// click is there under the name that it says, and what the pages give away is used by a real Postgres client and a real app.
import { Client } from 'pg'
import type { Page } from 'playwright-core'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSoak } from '../hostile/duration.ts'
import { NOTES } from '../system/notes-app.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { type Language, openConsole, TEXTS } from './console.ts'
import { tutorialSql } from './tutorial-sql.ts'

const reason = await whyNoBrowser()
const CLIPBOARD = 'navigator.clipboard.readText()'

describe.skipIf(reason !== undefined)(`the tutorial in a browser${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('is walked by mouse, in Japanese', { timeout: 400_000 }, () => expectWalked('ja'))
  it.runIf(isSoak)('is walked by mouse, in English, which takes npm run soak', { timeout: 400_000 }, () =>
    expectWalked('en'),
  )

  async function expectWalked(language: Language): Promise<void> {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, { language })
    const walk = new Walk(page, language)
    const client = await walk.createApp()
    await walk.createProject()
    await walk.runSql(tutorialSql(client))
    const parameters = await walk.readParameters()
    expect(await notesBy(workspace, parameters)).toEqual(NOTES.toReversed())
    await walk.configure({ ...parameters, PGUSER: client })
    await walk.deploy()
    await walk.seeNotes()
    expect(problems).toEqual([])
  }
})

class Walk {
  readonly #page: Page
  readonly #t: (typeof TEXTS)[Language]
  readonly #app: string
  readonly #project: string
  readonly #origin: string

  constructor(page: Page, language: Language) {
    this.#page = page
    this.#t = TEXTS[language]
    this.#app = `my-lakebase-app-${language}`
    this.#project = `my-app-db-${language}`
    this.#origin = new URL(page.url()).origin
  }

  /** + New > App; gives the client id that the Environment tab shows. */
  async createApp(): Promise<string> {
    const { page, t } = { page: this.#page, t: this.#t }
    await page.getByRole('button', { name: t.shell.new, exact: true }).click()
    await page.getByRole('menuitem', { name: t.shell.newApp, exact: true }).click()
    await page.getByText('Flask Hello World').waitFor()
    await page.getByLabel(t.apps.name, { exact: true }).fill(this.#app)
    await page.getByRole('radio', { name: /Notes Node/ }).check()
    await page.getByRole('button', { name: t.apps.create }).click()
    await page.getByRole('heading', { level: 1, name: this.#app }).waitFor({ timeout: 120_000 })
    await page.getByRole('heading', { name: t.app.syncTitle }).waitFor()
    await page.getByRole('link', { name: t.app.environment }).click()
    const row = page.getByRole('row', { name: /DATABRICKS_CLIENT_ID/ })
    const client = await row.locator('code').nth(1).innerText()
    expect(client).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    return client
  }

  /** App switcher > Lakebase > New project, until its compute is active. */
  async createProject(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await page.getByRole('button', { name: t.shell.switcher }).click()
    await page.getByRole('menuitem', { name: 'Lakebase' }).click()
    await page.getByRole('button', { name: t.projects.create }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(t.projects.name, { exact: true }).fill(this.#project)
    await dialog.getByRole('button', { name: t.common.create, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: this.#project }).waitFor({ timeout: 120_000 })
    await page.getByRole('link', { name: t.sql.title }).first().waitFor()
  }

  async runSql(text: string): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await page.getByRole('link', { name: t.sql.title }).first().click()
    const editor = page.locator('.cm-content')
    await editor.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(text)
    await page.getByRole('button', { name: t.sql.runAll }).click()
    await page.getByRole('tab', { name: '7 INSERT 0 3' }).waitFor()
    await page.getByText(t.states.ACTIVE, { exact: true }).first().waitFor()
  }

  /** Connect > Parameters only, with the token that its button copies as PGPASSWORD. */
  async readParameters(): Promise<Record<string, string>> {
    const { page, t } = { page: this.#page, t: this.#t }
    await page.goto(`${this.#origin}/lakebase/projects/${this.#project}`)
    await page.getByRole('button', { name: t.connect.title }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('tab', { name: t.connect.parameters }).click()
    await dialog.getByRole('button', { name: t.connect.copyAll }).click()
    await dialog.getByText(t.common.copied).first().waitFor()
    const lines = (await page.evaluate<string>(CLIPBOARD)).split('\n')
    await dialog.getByRole('button', { name: t.connect.copyToken }).click()
    await expect.poll(() => page.evaluate<string>(CLIPBOARD)).toMatch(/^ey/)
    const PGPASSWORD = await page.evaluate<string>(CLIPBOARD)
    await page.keyboard.press('Escape')
    const pairs = lines.map((line): [string, string] => {
      const [name = '', ...value] = line.split('=')
      return [name, value.join('=')]
    })
    return { ...Object.fromEntries(pairs), PGPASSWORD }
  }

  /** Writes the values into app.yaml, in the files of the workspace. */
  async configure(values: Readonly<Record<string, string>>): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await page.goto(`${this.#origin}/workspace`)
    for (const folder of ['databricks_apps', this.#app, 'notes-node-app']) {
      await page
        .getByRole('link', { name: new RegExp(`^${folder}`) })
        .last()
        .click()
    }
    await page.getByRole('button', { name: 'app.yaml', exact: true }).click()
    const lines = Object.entries(values)
      .filter(([name]) => name !== 'PGPASSWORD')
      .map(([name, value]) => `  - name: ${name}\n    value: '${value}'`)
    await page
      .getByRole('textbox', { name: 'app.yaml' })
      .fill(`command: ['npm', 'run', 'start']\nenv:\n${lines.join('\n')}\n`)
    await page.getByRole('button', { name: t.common.save }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }

  async deploy(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    await page.goto(`${this.#origin}/apps/${this.#app}`)
    await page.getByRole('button', { name: t.app.deploy, exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: t.app.deploy, exact: true }).click()
    await page.getByRole('heading', { name: t.app.buildLog }).waitFor()
    await page.getByRole('cell', { name: t.states.SUCCEEDED, exact: true }).waitFor({ timeout: 240_000 })
  }

  async seeNotes(): Promise<void> {
    const { page, t } = { page: this.#page, t: this.#t }
    const opening = page.context().waitForEvent('page')
    await page.getByRole('link', { name: t.apps.open }).click()
    const app = await opening
    await app.getByText('Hello from Lakebase!').waitFor()
    const items = await app.getByRole('listitem').allInnerTexts()
    expect(items.map((item) => item.split(' - ')[0])).toEqual(NOTES)
    await page.goto(this.#origin)
    const opened = page.locator('[data-step=opened]')
    await opened.waitFor()
    expect(await opened.getAttribute('data-done')).toBe('true')
  }
}

/** The notes as a Postgres client reads them that is given nothing but what the Connect dialog shows. */
async function notesBy(
  workspace: TestWorkspace,
  values: Readonly<Record<string, string>>,
): Promise<string[]> {
  const client = new Client({
    host: values['PGHOST'] ?? '',
    port: Number(values['PGPORT']),
    database: values['PGDATABASE'] ?? '',
    user: values['PGUSER'] ?? '',
    password: values['PGPASSWORD'] ?? '',
    ssl: { ca: readFileSync(workspace.caFile), checkServerIdentity: () => undefined },
    options: `endpoint=${values['ENDPOINT_NAME']}`,
  })
  await client.connect()
  try {
    const { rows } = await client.query<{ content: string }>('select content from notes order by id')
    return rows.map(({ content }) => content)
  } finally {
    await client.end()
  }
}
