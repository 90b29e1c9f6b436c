// A page used by its keys alone: what has the focus is what a person would see that has it.
import type { Locator, Page } from 'playwright-core'

/** More stops than any page has. */
const MOST_STOPS = 160

/** Stops within a field for a date: month, day, year and its calendar. */
const PARTS = 4

interface Focused {
  readonly text: string
  /** Why a person could not see that it has the focus. */
  readonly fault: string
}

/** Presses Tab until `target` has the focus; every stop on the way must be seen, and none may hold the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  const visited: string[] = []
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    if (await hasFocus(page, target)) return
    const before = await page.evaluate<Focused>(FOCUSED)
    await page.keyboard.press('Tab')
    const { text, fault } = await page.evaluate<Focused>(FOCUSED)
    visited.push(text)
    if (fault !== '') throw new Error(`nobody sees the focus on ${text}: ${fault}`)
    if (text === before.text && text !== 'BODY' && isStuck(visited))
      throw new Error(`${text} keeps the focus: ${visited.join(' → ')}`)
  }
  throw new Error(`${target.toString()} is not in the tab order: ${visited.join(' → ')}`)
}

export async function hasFocus(page: Page, target: Locator): Promise<boolean> {
  return (await target.and(page.locator(':focus')).count()) > 0
}

function isStuck(visited: readonly string[]): boolean {
  return visited.length > PARTS && new Set(visited.slice(-PARTS - 1)).size === 1
}

/** Goes to `target` by Tab and presses Enter. */
export async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target)
  await page.keyboard.press('Enter')
}

/** Opens the command palette, types `text` and takes the first command that `option` names. */
export async function command(page: Page, text: string, option: RegExp | string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.keyboard.insertText(text)
  const wanted = page.getByRole('option', { name: option }).first()
  await wanted.waitFor()
  for (let at = 0; (await wanted.getAttribute('aria-selected')) !== 'true'; at += 1) {
    if (at > 20) throw new Error(`the palette does not come to ${String(option)}`)
    await page.keyboard.press('ArrowDown')
  }
  await page.keyboard.press('Enter')
  await page.getByRole('combobox').waitFor({ state: 'detached' })
}

/** In a menu that is open: goes to the entry by arrow and takes it. */
export async function choose(page: Page, entry: Locator): Promise<void> {
  await entry.waitFor()
  for (let at = 0; !(await hasFocus(page, entry)); at += 1) {
    if (at > 20) throw new Error(`the arrow keys do not come to ${entry.toString()}`)
    await page.keyboard.press('ArrowDown')
  }
  await page.keyboard.press('Enter')
}

/** What has the focus, and whether it shows: a mark of its own or of what is around it, in view and not under the header. */
const FOCUSED = `(() => {
  const element = document.activeElement
  const name = element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent.trim().slice(0, 40) || element.getAttribute('name') || ''
  const text = element.tagName + (name ? ' ' + name : '')
  if (element === document.body || element.getAttribute('aria-hidden') === 'true' || element.dataset.baseUiFocusGuard !== undefined) return { text: element.tagName, fault: '' }
  const box = element.getBoundingClientRect()
  const style = getComputedStyle(element)
  if (box.width < 2 || box.height < 2) return { text, fault: 'it is ' + box.width + ' by ' + box.height }
  if (box.bottom < 0 || box.top > innerHeight) return { text, fault: 'it is out of view' }
  const top = document.elementFromPoint(Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.top + 4, 0), innerHeight - 1))
  const isUnderHeader = top && top.closest('header.sticky') && !element.closest('header.sticky') && box.bottom < 52
  if (isUnderHeader) return { text, fault: 'it is under the header' }
  const isMarked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
  const isEditor = element.matches('.cm-content, [role=dialog], h1')
  return { text, fault: isMarked || isEditor ? '' : 'it has no outline' }
})()`
