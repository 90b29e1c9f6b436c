// Every page of the console that the router has, with something of everything in the workspace: no error in the browser's console, no
// violation of the policy, nothing that axe-core calls serious, no sideways scroll, no cut or untranslated text. `npm test` looks at each
// page once, in turns of language, theme and width; `npm run soak` at all eight. Pictures go to `test-results/console`.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSoak } from '../hostile/duration.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { openConsole, switchLooks } from './console.ts'
import { furnish } from './furnished.ts'
import { faultsOf } from './page-faults.ts'
import { placesToLookAt } from './places.ts'

const reason = await whyNoBrowser()
const pictures = path.resolve(import.meta.dirname, '../../test-results/console')
const LOOKS = (['en', 'ja'] as const).flatMap((language) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    ([1280, 390] as const).map((width) => ({ language, theme, width })),
  ),
)

describe.skipIf(reason !== undefined)(`every page of the console${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    await furnish(workspace)
    await mkdir(pictures, { recursive: true })
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('is in order', { timeout: isSoak ? 1_800_000 : 400_000 }, async () => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const found: Record<string, unknown> = {}
    for (const [at, looks] of LOOKS.entries()) {
      await switchLooks(page, looks)
      for (const [index, [name, place]] of placesToLookAt.entries()) {
        if (!isSoak && at !== index % LOOKS.length) continue
        await page.goto(`${workspace.host}${place}`)
        await settle(page)
        const label = `${name} ${looks.language} ${looks.theme} ${looks.width}`
        await page.screenshot({ path: path.join(pictures, `${label.replaceAll(/\W+/g, '-')}.png`) })
        const faults = await faultsOf(page)
        if (faults.length > 0) found[label] = faults
      }
    }
    expect(found).toEqual({})
    expect(problems).toEqual([])
  })
})

async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  // Shapes of what is still on its way.
  await expect.poll(() => page.locator('.late').count()).toBe(0)
}
