// `auth login --host` with a browser, played by a few lines that keep cookies, follow redirects and press buttons.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Browser } from '../../../tests/system/browser.ts'
import {
  type TestWorkspace,
  cliCommand,
  environment,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

it('signs in with PKCE, keeps the tokens, and refreshes them', async () => {
  const [command, ...args] = cliCommand
  const env = { ...environment(workspace.home), BROWSER: 'none', DATABRICKS_CONFIG_PROFILE: 'browser' }
  // No data directory is near, so this is a sign-in like that to any other machine.
  const child = spawn(command, [...args, 'auth', 'login', '--host', workspace.host], {
    cwd: '/',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const ended = once(child, 'close')
  const address = await new Promise<string>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const url = /^ {2}(http\S+)$/m.exec(said)?.[1]
      if (url) resolve(url)
    })
  })
  const asked = new URL(address).searchParams
  expect(asked.get('client_id')).toBe('databricks-cli')
  expect(asked.get('scope')).toBe('offline_access all-apis')
  expect(asked.get('redirect_uri')).toMatch(/^http:\/\/localhost:80(2\d|3\d|40)$/)

  const browser = new Browser(workspace.host)
  await browser.press((await workspace.cli(['open'], { env: { BROWSER: 'none' } })).trim())
  const last = await browser.press(address).catch((error: unknown) => {
    throw new Error(`the redirect was not taken; the command said: ${said}`, { cause: error })
  })
  expect(await last.text()).toContain('You are signed in')
  expect({ code: (await ended)[0] as number, said }).toMatchObject({ code: 0 })

  const profile = await readFile(path.join(workspace.home, '.databrickscfg'), 'utf8')
  expect(profile).toContain(`[browser]\nhost = ${workspace.host}\nauth_type = databricks-cli\n`)
  const cacheFile = path.join(workspace.home, '.databricks/token-cache.json')
  expect((await stat(cacheFile)).mode & 0o777).toBe(0o600)
  const options = { cwd: '/', env: { DATABRICKS_CONFIG_PROFILE: 'browser', LAKELET_DATA_DIR: '' } }
  expect(await workspace.cli(['current-user', 'me', '--field', 'userName'], options)).toBe(
    `${workspace.user}\n`,
  )
  const first = await workspace.cli(['auth', 'token', '--field', 'access_token'], options)
  expect(await workspace.cli(['auth', 'token', '--field', 'access_token'], options)).toBe(first)
  const fresh = await workspace.cli(['auth', 'token', '--force-refresh', '--field', 'access_token'], options)
  expect(fresh).not.toBe(first)
  const profiles = await workspace.cli(['auth', 'profiles'], options)
  expect(profiles).toMatch(/browser \(Default\) +http\S+ +YES/)
})
