// What a compute did, as the console draws it: with real load, by keyboard, as a table, on a narrow screen, in both languages and themes; looking
// wakes nothing.
import { mkdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { computeControlRoutes, endpointRoutes, telemetryRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { launchBrowser, whyNoBrowser } from './chromium.ts'
import { finished } from '../clients/workspace-objects.ts'
import { openConsole, switchLooks, TEXTS } from './console.ts'
import { faultsOf } from './page-faults.ts'

const reason = await whyNoBrowser()
const pictures = path.resolve(import.meta.dirname, '../../test-results/console')
const dist = path.resolve(import.meta.dirname, '../../packages/console/dist')
/** Compressed, as browsers ask for it. */
const FIRST_BYTES = 200_000
const CHARTS_BYTES = 32_000
const CHARTS = ['cpu', 'memory', 'connections', 'rows', 'cache', 'size']
const params = { project: 'drawn', branch: 'production', endpoint: 'primary' }

describe.skipIf(reason !== undefined)(`charts of a compute${reason ? ` (${reason})` : ''}`, () => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    await workspace.cli(['postgres', 'create-project', 'drawn'])
    const script =
      'create table t as select generate_series(1, 20000) a; select pg_sleep(6); select count(*) from t'
    await workspace.cli(['sql', '--project', 'drawn', script])
    await vi.waitFor(
      async () => {
        const { database_counters: counters } = await workspace.client.call(telemetryRoutes.getTelemetry, {
          params,
        })
        expect(counters.blks_hit.some((value) => value !== null && value > 0)).toBe(true)
      },
      { timeout: 30_000, interval: 500 },
    )
    await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
    await mkdir(pictures, { recursive: true })
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('show what it did and when it slept, to everybody', { timeout: 120_000 }, async () => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const place = `${workspace.host}/lakebase/projects/drawn/branches/production/computes`
    await page.goto(place)
    for (const chart of CHARTS) await page.locator(`[data-chart=${chart}] canvas`).waitFor()
    const image = page.locator('[data-chart=memory] [role=img]')
    expect(await image.getAttribute('aria-label')).toMatch(/^Memory: last [\d.]+ MiB, at most [\d.]+ MiB$/)
    // By keyboard: the periods are one stop with arrows, the table another.
    await page.getByRole('tab', { name: '1 hour' }).focus()
    await page.keyboard.press('ArrowRight')
    await expect
      .poll(() => page.getByRole('tab', { name: '24 hours' }).getAttribute('aria-selected'))
      .toBe('true')
    await page.getByRole('tab', { name: '24 hours' }).press('ArrowLeft')
    await page.getByRole('button', { name: 'Table: Memory' }).press('Enter')
    const table = page.locator('[data-chart=memory] table')
    await table.waitFor()
    expect(await table.innerText()).toMatch(/asleep/)
    expect(await table.innerText()).toMatch(/[\d.]+ MiB/)
    const statements = page.locator('[data-statements]')
    await statements.locator('summary').press('Enter')
    await expect.poll(() => statements.innerText()).toMatch(/pg_sleep\(\$1\)/)
    await page.screenshot({ path: path.join(pictures, 'charts-en.png'), fullPage: true })
    expect(await faultsOf(page)).toEqual([])
    await switchLooks(page, { language: 'ja', theme: 'dark', width: 390 })
    await page.goto(place)
    for (const chart of CHARTS) await page.locator(`[data-chart=${chart}] canvas`).waitFor()
    await page.screenshot({ path: path.join(pictures, 'charts-ja.png'), fullPage: true })
    expect(await faultsOf(page)).toEqual([])
    expect(problems).toEqual([])
    const { status } = await workspace.client.call(endpointRoutes.getEndpoint, { params })
    expect(status.current_state).toBe('IDLE')
  })

  it('cost a page that has none nothing: they come by themselves, and all of it within its budget', async () => {
    const { build } = JSON.parse(await readFile(path.join(dist, 'current.json'), 'utf8')) as { build: string }
    const read = async <T>(name: string) =>
      JSON.parse(await readFile(path.join(dist, build, name), 'utf8')) as T
    const bytesOf = async (files: readonly string[]) => {
      const sizes = await Promise.all(files.map((file) => stat(path.join(dist, build, `${file}.br`))))
      return sizes.reduce((sum, { size }) => sum + size, 0)
    }
    const index = await read<{ script: string; styles: string[]; preload: string[] }>('index.json')
    const manifest = await read<Record<string, { file: string }>>('manifest.json')
    const charts = manifest['src/features/computes/charts/ComputeCharts.tsx']?.file ?? ''
    const first = [index.script, ...index.styles, ...index.preload]
    expect(first).not.toContain(charts)
    expect(await bytesOf(first)).toBeLessThan(FIRST_BYTES)
    expect(await bytesOf([charts])).toBeLessThan(CHARTS_BYTES)
  })

  it(
    'say why a compute has its size, with every term, and how far a replica is behind',
    { timeout: 120_000 },
    async () => {
      const spec = { endpoint_type: 'ENDPOINT_TYPE_READ_ONLY' } as const
      const query = { endpoint_id: 'readers' }
      await finished(
        workspace,
        await workspace.client.call(endpointRoutes.createEndpoint, { params, query, body: { spec } }),
      )
      for (const endpoint of ['primary', 'readers'])
        await workspace.client.call(computeControlRoutes.wake, { params: { ...params, endpoint }, body: {} })
      const scaling = () => workspace.client.call(endpointRoutes.getScaling, { params })
      await expect
        .poll(async () => (await scaling()).decisions.at(-1)?.terms, { timeout: 30_000, interval: 500 })
        .toBeDefined()
      await using browser = await launchBrowser()
      const { page, problems } = await openConsole(browser, workspace)
      for (const language of ['en', 'ja'] as const) {
        await switchLooks(page, { language, theme: 'light', width: 1280 })
        await page.goto(`${workspace.host}/lakebase/projects/drawn/branches/production/computes`)
        const texts = TEXTS[language].computes
        const size = page.locator('details', { hasText: texts.sizing.now(1) }).first()
        await size.locator('summary').press('Enter')
        const rows = await size.locator('tbody tr').allInnerTexts()
        for (const term of [texts.sizing.load, texts.sizing.used])
          expect(rows.find((row) => row.startsWith(term))).toMatch(/\t[\d.]+ CU$/)
        expect(await page.locator('[data-replica-lag]').innerText()).toContain(texts.replicaUpToDate)
        await page.screenshot({ path: path.join(pictures, `size-${language}.png`), fullPage: true })
        expect(await faultsOf(page)).toEqual([])
      }
      expect(problems).toEqual([])
    },
  )

  it('show the computes of a group with their lag, made in the console', { timeout: 180_000 }, async () => {
    await using browser = await launchBrowser()
    const { page, problems } = await openConsole(browser, workspace)
    const place = `${workspace.host}/lakebase/projects/drawn/branches/production/computes`
    await page.goto(place)
    const { activity, computes, common } = TEXTS.en
    await page.getByRole('button', { name: common.edit, exact: true }).first().click()
    await page.getByLabel(activity.members.count).selectOption('3')
    await page.getByLabel(activity.members.readers).check()
    await page.getByLabel(computes.timeout).selectOption('')
    await page.getByRole('button', { name: common.save, exact: true }).click()
    const members = page.locator('[data-members]')
    await members.waitFor({ timeout: 60_000 })
    for (const language of ['en', 'ja'] as const) {
      const { activity: texts, computes: words } = TEXTS[language]
      for (const theme of ['light', 'dark'] as const)
        for (const width of [1280, 390]) {
          await switchLooks(page, { language, theme, width })
          await page.goto(place)
          await members.waitFor()
          await page.screenshot({
            path: path.join(pictures, `group-${language}-${theme}-${width}.png`),
            fullPage: true,
          })
          expect(await faultsOf(page)).toEqual([])
        }
      const lines = await members.locator('li').allInnerTexts()
      expect(lines.length).toBe(3)
      expect(lines[0]).toContain(texts.members.roles.READ_WRITE)
      for (const line of lines.slice(1)) {
        expect(line).toContain(texts.members.roles.READ_ONLY)
        expect(line).toContain(words.replicaUpToDate)
      }
    }
    expect(problems).toEqual([])
  })
})
