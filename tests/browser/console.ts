// The console in a real browser: signing in, and everything that must not happen on any of its pages.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { LANGUAGE_COOKIE, THEME_COOKIE } from '@lakelet/theme'
import { en } from '../../packages/console/src/text/en/index.ts'
import { ja } from '../../packages/console/src/text/ja/index.ts'
import { LONGEST_MS } from './chromium.ts'
import type { TestWorkspace } from '../system/workspace.ts'

/** The texts of the console by language, as the pages show them. */
export const TEXTS = { en, ja } as const
export type Language = keyof typeof TEXTS

export interface ConsoleOptions {
  readonly language?: Language
  readonly theme?: 'light' | 'dark'
  readonly width?: number
}

export interface ConsoleBrowser {
  readonly context: BrowserContext
  readonly page: Page
  /** Errors in the browser's console, exceptions and violations of the Content-Security-Policy so far. */
  readonly problems: string[]
}

/** A browser of its own, signed in as the owner and on the console's first page. */
export async function openConsole(
  browser: Browser,
  workspace: TestWorkspace,
  { language = 'en', theme = 'light', width = 1280 }: ConsoleOptions = {},
): Promise<ConsoleBrowser> {
  const context = await browser.newContext({
    locale: language === 'ja' ? 'ja-JP' : 'en-GB',
    colorScheme: theme,
    viewport: { width, height: 844 },
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  await signIn(page, workspace)
  // A checkout builds the console when it is first asked for; its page comes by itself.
  await page
    .getByRole('heading', { level: 1, name: TEXTS[language].home.title })
    .waitFor({ timeout: 2 * LONGEST_MS })
  return { context, page, problems: watchProblems(page) }
}

/** Follows a new sign-in link and presses its button. Gives the link. */
export async function signIn(page: Page, workspace: TestWorkspace): Promise<string> {
  const link = /http:\S+/.exec(await workspace.cli(['open'], { env: { BROWSER: 'none' } }))?.[0] ?? ''
  await page.goto(link)
  await page.getByRole('button').first().click()
  await page.waitForURL((url) => url.pathname === '/')
  return link
}

function watchProblems(page: Page): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error')
      problems.push(`${page.url()}: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`))
  return problems
}

/** Changes language, theme and width of what is opened next in the page's browser. */
export async function switchLooks(page: Page, looks: Required<ConsoleOptions>): Promise<void> {
  const url = new URL(page.url()).origin
  await page.context().addCookies([
    { name: LANGUAGE_COOKIE, value: looks.language, url },
    { name: THEME_COOKIE, value: looks.theme, url },
  ])
  await page.setViewportSize({ width: looks.width, height: 844 })
}
