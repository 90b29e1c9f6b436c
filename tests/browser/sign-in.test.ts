// What a person sees in a browser: the sign-in link, the workspace's page, an app behind the sign-in.
import path from 'node:path'
import { appsRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
    await page.getByRole('link', { name: 'echo' }).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Account' }).click()
    await page.getByText(workspace.user).waitFor()
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
