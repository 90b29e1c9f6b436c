// The console in a browser: what its first page transfers, how long it takes to another page, how soon 100,000 rows are there, and how
// smoothly they scroll. Peer: a bare page of Vite and React in the same browser.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../tests/browser/chromium.ts'
import { startBarePage } from './bare-page.ts'
import { type BenchmarkResult, type Contestant, compare, type Row } from './measure.ts'
import { type BenchWorkspace, startBenchWorkspace } from './workspace.ts'

const LOADS = 7
const SWITCHES = 60
const RUNS = 7
const ROWS = 100_000
const MOST_KB = 250
const MOST_SWITCH_MS = 100
const MOST_PAINT_MS = 300
const LEAST_FPS = 50
const BRANCH = '/lakebase/projects/bench/branches/production'
/** Links of one page that all lead to another. */
const PLACES = ['', '/computes', '/roles', '/activity'].map((place) => `${BRANCH}${place}`)
const QUERY = `select n, 'row ' || n as text, n * 1.5 as number, now() as at from generate_series(1, ${ROWS}) n`

export async function consoleInBrowser(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const workspace = stack.use(await startBenchWorkspace(path.join(directory, 'workspace')))
  await workspace.operate('POST', '/api/2.0/postgres/projects?project_id=bench', {})
  const bare = stack.use(await startBarePage(path.join(directory, 'bare'), bareRows()))
  const browser = stack.use(await launchBrowser())
  const context = await signedIn(browser, workspace)
  const console = { name: 'lakelet', url: workspace.file.host, context }
  const peer = { name: 'vite + react, bare', url: bare.url, context: await browser.newContext() }
  const rows = [
    ...(await loads([peer, console])),
    ...(await switches([peer, console])),
    ...(await results([peer, console])),
  ]
  return { rows, goals: goalsOf(rows) }
}

interface Subject {
  readonly name: string
  readonly url: string
  readonly context: BrowserContext
}

function goalsOf(rows: readonly Row[]) {
  const of = (measure: string) => rows.find((row) => row.measure === measure && row.name === 'lakelet')
  return [
    { text: `first load: at most ${MOST_KB} kB`, isMet: (of('first load, gzip')?.max ?? NaN) <= MOST_KB },
    {
      text: `another page: at most ${MOST_SWITCH_MS} ms at p95`,
      isMet: (of('another page')?.p95 ?? NaN) <= MOST_SWITCH_MS,
    },
    {
      text: `${ROWS} rows: painted at most ${MOST_PAINT_MS} ms after the last byte, at p50`,
      isMet: (of('last byte → painted')?.p50 ?? NaN) <= MOST_PAINT_MS,
    },
    {
      text: `${ROWS} rows: at least ${LEAST_FPS} frames a second, at p50`,
      isMet: (of('scrolling')?.p50 ?? NaN) >= LEAST_FPS,
    },
  ]
}

/** Bytes over the wire and the time to the heading, in a browser that has nothing of it. */
async function loads(subjects: readonly [Subject, Subject]): Promise<Row[]> {
  const times = new Map<Subject, number[]>(subjects.map((each) => [each, []]))
  const sample = async (subject: Subject) => {
    const page = await subject.context.newPage()
    const session = await subject.context.newCDPSession(page)
    await session.send('Network.enable')
    await session.send('Network.setCacheDisabled', { cacheDisabled: true })
    await session.send('Network.setExtraHTTPHeaders', { headers: { 'accept-encoding': 'gzip' } })
    let bytes = 0
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
    const began = performance.now()
    await page.goto(subject.url)
    await page.locator('h1').waitFor()
    times.get(subject)?.push(performance.now() - began)
    // What it asks for once it is there.
    await page.waitForTimeout(1500)
    await page.close()
    return bytes / 1000
  }
  const rows = await contest('first load, gzip', 'kB', subjects, sample, { rounds: LOADS, warmups: 1 })
  const timed = await contest(
    'first load, to the heading',
    'ms',
    subjects,
    (subject) => Promise.resolve(times.get(subject)?.shift() ?? NaN),
    { rounds: LOADS, warmups: 1 },
  )
  return [...rows, ...timed]
}

/** From the press of a link to the frame that shows the other page whole. */
async function switches([peer, console]: readonly [Subject, Subject]): Promise<Row[]> {
  const pages = new Map([
    [peer, await pageOf(peer, '/')],
    [console, await pageOf(console, BRANCH)],
  ])
  const links = new Map<Subject, readonly string[]>([
    [peer, ['#two', '#one']],
    [console, PLACES.slice(1).concat(PLACES.slice(0, 1))],
  ])
  let turn = 0
  const sample = (subject: Subject) => {
    const places = links.get(subject) ?? []
    const link = places[Math.floor(turn++ / 2) % places.length]
    return pages.get(subject)?.evaluate<number>(`(${SWITCH})(${JSON.stringify(link)})`) ?? NaN
  }
  const rows = await contest('another page', 'ms', [peer, console], async (each) => sample(each), {
    rounds: SWITCHES,
    warmups: PLACES.length * 2,
  })
  await Promise.all([...pages.values()].map((page) => page.close()))
  return rows
}

/** 100,000 rows: from their last byte to the frame that shows them, and frames a second while they scroll. */
async function results([peer, console]: readonly [Subject, Subject]): Promise<Row[]> {
  const bare = await pageOf(peer, '/')
  const editor = await pageOf(console, `${BRANCH}/sql`)
  await editor.locator('.cm-content').click()
  await editor.keyboard.press('Control+a')
  await editor.keyboard.insertText(QUERY)
  const run = new Map<Subject, () => Promise<number>>([
    [peer, () => bare.evaluate<number>(`(${PAINT})('main button', '/rows', '#list p:nth-child(1000)')`)],
    [
      console,
      () =>
        editor.evaluate<number>(
          `(${PAINT})('.btn-primary', '/sql/runs', '[role=grid][aria-rowcount="${ROWS + 1}"] [role=gridcell]')`,
        ),
    ],
  ])
  const scroll = new Map<Subject, () => Promise<number>>([
    [peer, () => bare.evaluate<number>(`(${SCROLL})('#list')`)],
    [console, () => editor.evaluate<number>(`(${SCROLL})('[role=grid]')`)],
  ])
  const of = (what: typeof run) => async (subject: Subject) => what.get(subject)?.() ?? NaN
  const options = { rounds: RUNS, warmups: 1 }
  const rows = [
    ...(await contest('last byte → painted', 'ms', [peer, console], of(run), options)),
    ...(await contest('scrolling', 'frames/s', [peer, console], of(scroll), options)),
  ]
  await Promise.all([bare.close(), editor.close()])
  return rows
}

function contest(
  measure: string,
  unit: string,
  [peer, console]: readonly [Subject, Subject],
  sample: (subject: Subject) => Promise<number>,
  options: { readonly rounds: number; readonly warmups: number },
): Promise<Row[]> {
  const contestants: Contestant[] = [
    { name: peer.name, isPeer: true, sample: () => sample(peer) },
    { name: console.name, sample: () => sample(console) },
  ]
  return compare(measure, unit, contestants, options)
}

async function pageOf({ context, url }: Subject, place: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}${place}`)
  await page.locator('h1').waitFor()
  return page
}

/** A browser signed in as the owner, once the console is built. */
async function signedIn(browser: Browser, workspace: BenchWorkspace): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 844 } })
  const page = await context.newPage()
  const { url } = await workspace.call<{ url: string }>('POST', '/api/2.0/lakelet/sign-in-links', {})
  await page.goto(url)
  await page.getByRole('button').first().click()
  await page.locator('#main h1').waitFor({ timeout: 120_000 })
  await page.close()
  return context
}

/** Somewhat more bytes than the console's rows are. */
function bareRows(): string {
  return Array.from(
    { length: ROWS },
    (_, n) => `["${n}","row ${n}","${n * 1.5}","2026-11-25 10:22:33.123456+00"]`,
  ).join('\n')
}

const PAINTED = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))'

const SWITCH = `async (link) => {
  const before = document.querySelector('h1').textContent
  const began = performance.now()
  document.querySelector('a[href="' + link + '"]').click()
  while (document.querySelector('h1')?.textContent === before || !document.querySelector('h1') || document.querySelector('main .late')) {
    if (performance.now() - began > 10000) throw new Error('the page of ' + link + ' did not come')
    await new Promise((done) => { const channel = new MessageChannel(); channel.port1.onmessage = done; channel.port2.postMessage(0) })
  }
  await new Promise((done) => requestAnimationFrame(done))
  await new Promise((done) => setTimeout(done))
  return performance.now() - began
}`

const PAINT = `async (button, url, cell) => {
  performance.clearResourceTimings()
  const until = performance.now() + 60000
  const lastByte = () => performance.getEntriesByType('resource').find((entry) => entry.name.includes(url))?.responseEnd
  document.querySelector(button).click()
  while (lastByte() === undefined || !document.querySelector(cell)) {
    if (performance.now() > until) throw new Error('the rows did not come')
    await new Promise((done) => requestAnimationFrame(done))
  }
  await ${PAINTED}
  return performance.now() - lastByte()
}`

const SCROLL = `async (list) => {
  const element = document.querySelector(list)
  element.scrollTop = 0
  const began = performance.now()
  let frames = 0
  while (performance.now() - began < 2000) {
    element.scrollTop += 90
    if (element.scrollTop + element.clientHeight >= element.scrollHeight - 1) element.scrollTop = 0
    await new Promise((done) => requestAnimationFrame(done))
    frames += 1
  }
  return frames / (performance.now() - began) * 1000
}`
