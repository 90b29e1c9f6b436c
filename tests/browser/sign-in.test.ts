// What a person sees in a browser: the sign-in link, the workspace's page, an app behind the sign-in.
import path from 'node:path'
import { appsRoutes } from '@lakelet/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageTexts as appTexts } from '../../packages/server/src/apps/page-texts.ts'
import { pageTexts as identityTexts } from '../../packages/server/src/identity/page-texts.ts'
import { startTestWorkspace, type TestWorkspace, writeFiles } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { signIn } from './console.ts'

const reason = await whyNoBrowser()

describe.skipIf(reason !== undefined)(`in a browser${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace
  let appUrl: string

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    appUrl = await deployEcho(workspace)
  })

  afterAll(async () => {
    await workspace[Symbol.asyncDispose]()
  })

  it('leads a stranger to the sign-in page and the signed-in owner to what runs', async () => {
    await using browser = await launchBrowser()
    const page = await browser.newPage()
    await page.goto(workspace.host)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    await page.getByText('lakelet open').waitFor()

    await signIn(page, workspace)
    await page.getByRole('link', { name: 'echo' }).waitFor()
    await page.getByRole('button', { name: 'Account' }).click()
    await page.getByRole('menu').getByText(workspace.user).waitFor()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByText('lakelet open').waitFor()
    await page.goto(workspace.host)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
  })

  it('uses a sign-in link up', async () => {
    await using browser = await launchBrowser()
    const page = await browser.newPage()
    const link = await signIn(page, workspace)
    const other = await browser.newContext()
    const second = await other.newPage()
    await second.goto(link)
    await second.getByRole('heading', { name: identityTexts.en.signIn.spentTitle }).waitFor()
    await second.goto(workspace.host)
    expect(new URL(second.url()).pathname).toBe('/sign-in')
  })

  it('shows an app only to who is signed in, and keeps its own cookie from the app', async () => {
    await using browser = await launchBrowser()
    const page = await browser.newPage()
    await page.goto(appUrl)
    expect(page.url()).toMatch(`${workspace.host}/sign-in`)
    await signIn(page, workspace)
    await page.goto(appUrl)
    const seen = JSON.parse(await page.locator('body').innerText()) as Record<string, string>
    expect(seen['x-forwarded-email']).toBe(workspace.user)
    expect(seen['cookie']).toBeUndefined()
  })

  it.each([
    ['light', 'en', 'en-GB'],
    ['dark', 'ja', 'ja-JP'],
  ] as const)(
    "shows the server's own pages %s, in the language %s, on a phone",
    async (theme, language, locale) => {
      await using browser = await launchBrowser()
      const context = await browser.newContext({
        locale,
        colorScheme: theme,
        viewport: { width: 390, height: 844 },
      })
      const page = await context.newPage()
      const problems = watchPolicy(page)
      const texts = identityTexts[language]
      await page.goto(workspace.host)
      await expectPage(page, language, texts.signIn.title)
      await page.goto(`${workspace.host}/sign-in/link?code=none`)
      await expectPage(page, language, texts.signIn.spentTitle)
      await page.goto(`${workspace.host}/oidc/interaction/none`)
      await expectPage(page, language, texts.ended.title)
      await page.goto(`${workspace.host}/oidc/v1/authorize?client_id=nobody`)
      await expectPage(page, language, texts.failed.title)
      await signIn(page, workspace)
      await page.goto(`${workspace.host}/nowhere`)
      await page.getByText('GET /nowhere').waitFor()
      await page.goto(`${workspace.host}/sign-in/link?code=none`)
      await page.waitForURL(`${workspace.host}/`)
      await page.goto(`${appUrl}/logz`)
      await expectPage(page, language, appTexts[language].log.title('echo'))
      await page.getByText(appTexts[language].log.live, { exact: true }).waitFor()
      expect(await page.locator('#log .fg-2').first().innerText()).toBe('<i>in green</i>')
      await page.getByRole('link', { name: appTexts[language].links.workspace }).waitFor()
      await context.addCookies([{ name: 'lakelet_lang', value: 'ja', url: workspace.host }])
      await workspace.cli(['apps', 'stop', 'echo'])
      await page.goto(appUrl)
      await expectPage(page, 'ja', 'echo')
      await page.getByText(appTexts.ja.noAnswer).waitFor()
      await workspace.cli(['apps', 'start', 'echo'])
      // What Chromium says of any reply that is an error.
      expect(problems.filter((each) => !each.includes('Failed to load resource'))).toEqual([])
    },
  )
})

/** A page of the server's own: its language, its heading, and that nothing of it is beyond the screen's edge. */
async function expectPage(page: Page, language: string, heading: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  const root = await page.evaluate(`(() => {
    const { lang, scrollWidth, clientWidth } = document.documentElement
    const border = getComputedStyle(document.querySelector('main')).borderTopWidth
    return { lang, excess: scrollWidth - clientWidth, border }
  })()`)
  expect(root).toEqual({ lang: language, excess: 0, border: '1px' })
}

function watchPolicy(page: Page): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(error.message))
  return problems
}

/** An app that answers with the headers of the request. */
async function deployEcho(workspace: TestWorkspace): Promise<string> {
  const { url } = await workspace.client.call(appsRoutes.create, { body: { name: 'echo' } })
  const local = path.join(workspace.directory, 'echo')
  await writeFiles(local, {
    'app.yaml': "command: ['node', 'server.mjs']\n",
    'server.mjs': `import { createServer } from 'node:http'
createServer((request, reply) => reply.end(JSON.stringify(request.headers))).listen(process.env.DATABRICKS_APP_PORT)
console.log('\\u001b[32m<i>in green</i>\\u001b[0m')
`,
  })
  const folder = `/Workspace/Users/${workspace.user}/echo`
  await workspace.cli(['sync', local, folder])
  await workspace.cli(['apps', 'deploy', 'echo', '--source-code-path', folder])
  return url
}
