// Every page of the console, in both languages, themes and widths: no error in the browser's console, no violation of the policy,
// nothing that axe-core calls serious, nothing that has to be scrolled sideways. Pictures go to `test-results/console`.
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { appsRoutes } from '@lakelet/api'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paths } from '../../packages/console/src/paths.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole } from './console.ts'

const reason = await whyNoBrowser()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')
const pictures = path.resolve(import.meta.dirname, '../../test-results/console')

const PROJECT = 'my-app-db'
const BRANCH = 'production'
const APP = 'my-lakebase-app'
const PLACES: Readonly<Record<string, string>> = {
  home: paths.home,
  projects: paths.projects,
  'new project': `${paths.projects}?new=project`,
  project: paths.project(PROJECT),
  branches: paths.project(PROJECT, '/branches'),
  'new branch': `${paths.project(PROJECT, '/branches')}?new=branch`,
  operations: paths.operations,
  'project operations': paths.project(PROJECT, '/operations'),
  'project settings': paths.project(PROJECT, '/settings'),
  'project permissions': paths.project(PROJECT, '/permissions'),
  branch: paths.branch(PROJECT, BRANCH),
  connect: `${paths.branch(PROJECT, BRANCH)}?connect=1`,
  computes: paths.branch(PROJECT, BRANCH, '/computes'),
  roles: paths.branch(PROJECT, BRANCH, '/roles'),
  'add role': `${paths.branch(PROJECT, BRANCH, '/roles')}?new=role`,
  sql: paths.branch(PROJECT, BRANCH, '/sql'),
  tables: paths.branch(PROJECT, BRANCH, '/tables'),
  activity: paths.branch(PROJECT, BRANCH, '/activity'),
  apps: paths.apps,
  'new app': paths.newApp,
  app: paths.app(APP),
  environment: paths.app(APP, '/environment'),
  deployments: paths.app(APP, '/deployments'),
  logs: paths.app(APP, '/logs'),
  resources: paths.app(APP, '/resources'),
  'app permissions': paths.app(APP, '/permissions'),
  'app settings': paths.app(APP, '/settings'),
  files: paths.files,
  users: paths.users,
  groups: paths.groups,
  'service principals': paths.servicePrincipals,
  tokens: paths.tokens,
  preferences: paths.preferences,
  about: paths.about,
  calls: `${paths.project(PROJECT)}?drawer=cli`,
}

describe.skipIf(reason !== undefined)(`every page of the console${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    await workspace.client.call(appsRoutes.create, {
      query: { template: 'node-hello-world' },
      body: { name: APP },
    })
    await workspace.cli(['postgres', 'create-project', PROJECT])
    await workspace.cli(['sql', HOSTILE_SQL])
    await mkdir(pictures, { recursive: true })
  }, 180_000)
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it.each([
    { language: 'en', theme: 'light', width: 1280 },
    { language: 'ja', theme: 'dark', width: 390 },
  ] as const)('is in order: %o', { timeout: 300_000 }, async (looks) => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace, looks)
    const found: Record<string, unknown> = {}
    for (const [name, place] of Object.entries(PLACES)) {
      await page.goto(`${workspace.host}${place}`)
      await settle(page)
      await page.screenshot({ path: path.join(pictures, `${name}-${looks.theme}-${looks.width}.png`) })
      const faults = [...(await seriousFaults(page)), ...(await sidewaysScroll(page))]
      if (faults.length > 0) found[name] = faults
    }
    expect(found).toEqual({})
    expect(problems).toEqual([])
  })
})

/** Names and values that would be markup, or would turn a line around, where they are not shown as text. */
const HOSTILE_SQL = `CREATE TABLE "<img src=x onerror=alert(1)>" (id int primary key, "<b>c" text);
INSERT INTO "<img src=x onerror=alert(1)>" VALUES (1, '<script>window.planted=1</script>'), (2, E'\\u202Eabc'), (3, repeat('x', 1000000));`

async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  // Shapes of what is still on its way.
  await expect.poll(() => page.locator('.late').count(), { timeout: 20_000 }).toBe(0)
}

async function seriousFaults(page: Page): Promise<string[]> {
  // By evaluation, which a page's own policy does not stop.
  await page.evaluate(axe)
  const results = await page.evaluate(async () =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}

async function sidewaysScroll(page: Page): Promise<string[]> {
  const [scroll = 0, client = 0] = await page.evaluate<number[]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )
  return scroll > client ? [`is ${scroll} px wide in ${client}`] : []
}
