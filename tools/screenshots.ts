// `npm run docs -- screenshots`: the README's pictures of the console, from a workspace that runs: real pages in a real browser. The
// Japanese ones need a Japanese font on this machine (fonts-noto-cjk).
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { paths } from '../packages/console/src/paths.ts'
import { launchBrowser } from '../tests/browser/chromium.ts'
import { type Language, openConsole, switchLooks, TEXTS } from '../tests/browser/console.ts'
import { BRANCH, furnish, PROJECT } from '../tests/browser/furnished.ts'
import { startTestWorkspace, type TestWorkspace } from '../tests/system/workspace.ts'
import { root } from './processes.ts'

const directory = path.join(root, 'docs/images')
const SIZE = { width: 1280, height: 720 }
const SQL = `-- Orders by the hour
select date_trunc('hour', ordered_at) as hour, count(*) as orders,
       sum("Total amount") as amount, max(ordered_at) as last
from sales.orders_of_the_year_with_a_long_name
group by 1 order by 1;

select id, content, created_at from notes order by id;`

/** Writes the pictures, in both languages, below docs/images. */
export async function takeScreenshots(): Promise<void> {
  await using workspace = await startTestWorkspace()
  await furnish(workspace)
  await using browser = await launchBrowser()
  const { page } = await openConsole(browser, workspace)
  await mkdir(directory, { recursive: true })
  for (const language of ['en', 'ja'] as const) {
    await showSql(page, workspace, language)
    await take(page, `sql-editor.${language}.png`)
    await showProject(page, workspace, language)
    await take(page, `project.${language}.png`)
  }
}

async function showSql(page: Page, { host }: TestWorkspace, language: Language): Promise<void> {
  const { sql } = TEXTS[language]
  await switchLooks(page, { language, theme: 'light', width: SIZE.width })
  await page.goto(`${host}${paths.branch(PROJECT, BRANCH, '/sql')}`)
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(SQL)
  await page.keyboard.press('Control+Home')
  await page.getByRole('button', { name: sql.runAll }).click()
  await page.getByRole('tab', { name: /^2 SELECT/ }).waitFor()
  await page.getByRole('tab', { name: /^1 SELECT/ }).click()
  await page.getByRole('gridcell').first().waitFor()
}

async function showProject(page: Page, { host }: TestWorkspace, language: Language): Promise<void> {
  await switchLooks(page, { language, theme: 'dark', width: SIZE.width })
  await page.goto(`${host}${paths.project(PROJECT)}`)
  await page.getByRole('row', { name: /production/ }).waitFor()
}

async function take(page: Page, name: string): Promise<void> {
  await page.setViewportSize(SIZE)
  // Nothing is hovered, nothing blinks, toasts are gone.
  await page.mouse.move(0, 0)
  await page.evaluate('document.fonts.ready')
  await page.waitForTimeout(500)
  await page.screenshot({ path: path.join(directory, name), animations: 'disabled', caret: 'hide' })
  console.log(`docs/images/${name}`)
}
