// Programs of examples/ whose packages are large, against a real workspace where credentials live for seconds; pages in a real browser.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, whyNoBrowser } from '../browser/chromium.ts'
import { isSoak } from '../hostile/duration.ts'
import {
  Example,
  type Packed,
  PROJECT,
  TTL_SECONDS,
  packedConnector,
  postNote,
  settings,
} from './example-app.ts'
import { type TestWorkspace, startTestWorkspace } from './workspace.ts'

describe.runIf(isSoak)('large examples, which take npm run soak', () => {
  let workspace: TestWorkspace
  let connector: Packed
  let browser: Browser | undefined

  beforeAll(async () => {
    ;[workspace, connector] = await Promise.all([startTestWorkspace({ env: settings }), packedConnector()])
    await workspace.cli(['postgres', 'create-project', PROJECT])
    const noBrowser = await whyNoBrowser()
    if (noBrowser === undefined) browser = await launchBrowser()
    else console.log(`skipped: pages in a browser (${noBrowser})`)
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await workspace?.[Symbol.asyncDispose]()
    await connector?.[Symbol.asyncDispose]()
  })

  /** Adds a note by the page's form, and waits until it is shown. */
  async function add(page: Page, note: string): Promise<void> {
    await page.getByLabel('Note', { exact: true }).fill(note)
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText(note).waitFor({ timeout: 90_000 })
  }

  it.each([
    { name: 'nextjs', command: ['npm', 'start'], ready: '/', isInstalled: true },
    { name: 'streamlit', command: ['sh', 'start.sh'], ready: '/_stcore/health' },
  ])('$name shows notes, and goes on when credentials end', { timeout: 600_000 }, async (options) => {
    await using example = new Example(workspace, options)
    await example.prepare(connector)
    await example.start()
    const context = await browser?.newContext()
    const page = await context?.newPage()
    if (!page) return
    await page.goto(example.url)
    await add(page, 'the first note')
    await sleep((TTL_SECONDS + 1) * 1000)
    await example.cutConnections()
    await add(page, 'the second note')
    await page.reload()
    await page.getByText('the first note').waitFor()
    await page.getByText('the second note').waitFor()
    expect(example.log).not.toMatch(/Traceback|⨯/)
    await context?.close()
  })

  it('django keeps notes, and goes on when credentials end', { timeout: 300_000 }, async () => {
    await using example = new Example(workspace, { name: 'django', command: ['sh', 'start.sh'] })
    await example.prepare(connector)
    await example.start()
    expect((await postNote(example.url, { content: 'first' })).status, example.log).toBe(201)
    expect((await postNote(example.url, { content: '' })).status).toBe(400)
    await sleep((TTL_SECONDS + 1) * 1000)
    await example.cutConnections()
    expect((await postNote(example.url, { content: 'second' })).status, example.log).toBe(201)
    const notes = (await (await fetch(`${example.url}/notes`)).json()) as { content: string }[]
    expect(notes.map((each) => each.content)).toEqual(['first', 'second'])
  })
})
