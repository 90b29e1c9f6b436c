// What was run, and the draft of the editor: in this browser only, apart for each person.

const ENTRIES = 500
const ENTRY_LENGTH = 9 * 1024
/** A statement that says a password is not kept. */
const SECRET = /\bpassword\b/i

export interface HistoryEntry {
  readonly text: string
  readonly at: number
}

function key(kind: 'history' | 'draft', user: string, place: string): string {
  return `lakelet.${kind}.${user}.${place}`
}

/** The newest first. */
export function readHistory(user: string): HistoryEntry[] {
  try {
    return JSON.parse(localStorage.getItem(key('history', user, '')) ?? '[]') as HistoryEntry[]
  } catch {
    return []
  }
}

export function remember(user: string, text: string): void {
  if (SECRET.test(text)) return
  const entry = { text: text.slice(0, ENTRY_LENGTH), at: Date.now() }
  const others = readHistory(user).filter((each) => each.text !== entry.text)
  write(key('history', user, ''), JSON.stringify([entry, ...others].slice(0, ENTRIES)))
}

export function clearHistory(user: string): void {
  localStorage.removeItem(key('history', user, ''))
}

export function readDraft(user: string, place: string): string | undefined {
  return localStorage.getItem(key('draft', user, place)) ?? undefined
}

export function keepDraft(user: string, place: string, text: string): void {
  if (!SECRET.test(text)) write(key('draft', user, place), text)
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // The browser's storage is full; what is kept is a convenience.
  }
}
