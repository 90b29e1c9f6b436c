// What a person sees in a browser: the sign-in link, the workspace's page, an app behind the sign-in.
import path from 'node:path'
import { appsRoutes } from '@lakelet/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace, writeFiles } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'

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
    await page.getByRole('heading', { name: 'Your workspace' }).waitFor()
    await page.getByText(workspace.user).waitFor()
    await page.getByRole('link', { name: 'echo' }).waitFor()

    await page.getByRole('button', { name: 'Sign out' }).click()
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
    await second.getByRole('button').first().click()
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
})

/** Follows a new sign-in link and presses its button. */
async function signIn(page: Page, workspace: TestWorkspace): Promise<string> {
  const link = /http:\S+/.exec(await workspace.cli(['open'], { env: { BROWSER: 'none' } }))?.[0] ?? ''
  await page.goto(link)
  await page.getByRole('button').first().click()
  await page.waitForURL((url) => url.pathname === '/')
  return link
}

/** An app that answers with the headers of the request. */
async function deployEcho(workspace: TestWorkspace): Promise<string> {
  const { url } = await workspace.client.call(appsRoutes.create, { body: { name: 'echo' } })
  const local = path.join(workspace.directory, 'echo')
  await writeFiles(local, {
    'app.yaml': "command: ['node', 'server.mjs']\n",
    'server.mjs': `import { createServer } from 'node:http'
createServer((request, reply) => reply.end(JSON.stringify(request.headers))).listen(process.env.DATABRICKS_APP_PORT)
`,
  })
  const folder = `/Workspace/Users/${workspace.user}/echo`
  await workspace.cli(['sync', local, folder])
  await workspace.cli(['apps', 'deploy', 'echo', '--source-code-path', folder])
  return url
}
