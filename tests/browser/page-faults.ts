// What is wrong with a page as it stands in the browser, whatever page it is.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

/** All faults of the page: of axe-core the serious ones, sideways scroll, cut text, no heading or title, words that are not Japanese in Japanese. */
export async function faultsOf(page: Page): Promise<string[]> {
  const seen = await page.evaluate<Seen>(LOOK)
  return [
    ...(await seriousFaults(page)),
    ...(seen.scrollWidth > seen.width ? [`is ${seen.scrollWidth} px wide in ${seen.width}`] : []),
    ...seen.cut.map((text) => `cuts: ${text}`),
    ...(seen.headings.length === 1 && seen.headings[0]
      ? []
      : [`has the headings ${seen.headings.join('|')}`]),
    ...(/^\S.* · Lakelet$/.test(seen.title) ? [] : [`has the title '${seen.title}'`]),
    ...(seen.language === 'ja' ? seen.words.filter(isUntranslated).map((text) => `in English: ${text}`) : []),
  ]
}

interface Seen {
  readonly width: number
  readonly scrollWidth: number
  readonly language: string
  readonly title: string
  readonly headings: readonly string[]
  /** Texts that reach out of a part that hides what reaches out of it. */
  readonly cut: readonly string[]
  /** All texts and labels that are not data. */
  readonly words: readonly string[]
}

/** Names, and words of the API and of Postgres, which are the same in every language. */
const SAME_IN_ALL = [
  /^[^A-Za-z]*$/,
  /^(Lakelet|Lakebase|Apps|Postgres|PostgreSQL|English|CLI|API|SQL|curl|psql|JSON|CSV|URL|Node|Python|UTC|LSN|ID|Ctrl K|EXPLAIN|NULL|OAuth|UID|PID)$/,
  /^(Lakebase \/|Lakebase:|Postgres \d+)/,
  /^[A-Z][A-Z_]+$/,
  /^[\d.,]+ (B|KiB|MiB|GiB|CU|ms|s)$/,
  /^(\d+ )?CU$/,
  // Examples in fields, the branch that every project begins with, and words of Postgres and of files.
  /^(my-app-db|my-lakebase-app|dev|production|local|app\.yaml|active|idle)$/,
]

function isUntranslated(text: string): boolean {
  return !/[\u3040-\u30ff\u4e00-\u9fff]/.test(text) && !SAME_IN_ALL.some((pattern) => pattern.test(text))
}

/** Data stands in elements that say so: `bdi`, `code`, `time` and the like. */
const LOOK = `(() => {
  const DATA = 'bdi, code, pre, kbd, time, option, .cm-editor, [translate=no], input, textarea'
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
  const words = new Set()
  const cut = new Set()
  const hides = (style) => style.overflowX === 'hidden' || style.overflowX === 'clip'
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    const text = node.textContent.trim()
    const parent = node.parentElement
    if (text === '' || !parent || parent.closest('script, style, noscript') || !isShown(parent)) continue
    if (!parent.closest(DATA)) words.add(text)
    if (parent.closest('.cm-editor')) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    const box = range.getBoundingClientRect()
    if (box.width === 0) continue
    for (let each = parent; each && each !== document.body; each = each.parentElement) {
      const style = getComputedStyle(each)
      if (style.overflowX === 'auto' || style.overflowX === 'scroll') break
      if (style.textOverflow === 'ellipsis' && hides(style)) break
      const frame = each.getBoundingClientRect()
      // What only a screen reader is meant to have.
      if (frame.width <= 1) break
      if (hides(style) && (box.right > frame.right + 1 || box.left < frame.left - 1)) cut.add(text)
    }
  }
  for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
    if (!isShown(element)) continue
    const isData = element.closest('bdi, code, time, [translate=no]')
    for (const name of ['aria-label', 'placeholder', 'title']) {
      const text = element.getAttribute(name)?.trim()
      if (text && !isData) words.add(text)
    }
  }
  const root = document.documentElement
  return {
    width: root.clientWidth,
    scrollWidth: root.scrollWidth,
    language: root.lang,
    title: document.title,
    headings: [...document.querySelectorAll('h1')].map((each) => each.textContent),
    cut: [...cut].map((text) => text.slice(0, 80)),
    words: [...words].map((text) => text.slice(0, 160)),
  }
})()`

async function seriousFaults(page: Page): Promise<string[]> {
  // By evaluation, which a page's own policy does not stop.
  await page.evaluate(axe)
  const results = await page.evaluate(async () =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
