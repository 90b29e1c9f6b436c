// A browser for tests: the system's Chromium, installed from Debian's packages where that is possible.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

const run = promisify(execFile)
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Why there can be no browser here, or undefined when there is one. */
export async function whyNoBrowser(): Promise<string | undefined> {
  if (findBrowser()) return undefined
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return 'needs Chromium'
  try {
    await run('apt-get', ['update', '-qq'])
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      maxBuffer: 16 << 20,
    })
    return findBrowser() ? undefined : 'needs Chromium, which its package did not bring'
  } catch {
    return 'needs Chromium, which could not be installed'
  }
}

/** Longest wait for anything on a page: a busy machine is slow, not wrong. */
export const LONGEST_MS = 90_000

/** Starts the browser; it ends when disposed. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  if (!executablePath) throw new Error('there is no browser')
  // Chromium's sandbox refuses to run as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath, args, timeout: LONGEST_MS })
  browser.on('context', (context) => context.setDefaultTimeout(LONGEST_MS))
  return browser
}

function findBrowser(): string | undefined {
  return PLACES.find((place) => existsSync(place))
}
