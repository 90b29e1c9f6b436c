// Warnings and errors in the log of a workspace fail the test that caused them, unless the test said that it expects them. Workspaces of
// their own process are read through their log file, those in the process of the tests through their logger.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Where lines come from: gives those since it was last asked. */
type Source = () => readonly string[]

const sources = new Set<Source>()
const files = new Map<string, { close(): void }>()
/** Lines of sources that are closed. */
const pending: string[] = []
/** Of the whole file, and of the test that runs. */
const expected = { file: [] as RegExp[], test: [] as RegExp[] }
let isInTest = false

/**
 * Says that warnings and errors whose line matches one of `patterns` are no fault: until the end of the test that runs, or in the whole
 * file where none does.
 */
export function expectInLog(...patterns: readonly RegExp[]): void {
  expected[isInTest ? 'test' : 'file'].push(...patterns)
}

/** Watches a log file of JSON lines, from its end as it is now. Closing looks a last time. */
export function guardLogFile(file: string): { close(): void } {
  // A workspace that was killed, and is started again on the same directory.
  files.get(file)?.close()
  let offset = sizeOf(file)
  const source: Source = () => {
    const text = textFrom(file, offset)
    offset += Buffer.byteLength(text)
    return text.split('\n').filter(isProblem)
  }
  sources.add(source)
  const guard = {
    close() {
      if (sources.delete(source)) pending.push(...source())
    },
  }
  files.set(file, guard)
  return guard
}

/** Notes a line of a log that is no file. */
export function noteLine(line: string): void {
  if (isProblem(line)) pending.push(line.trim())
}

/** Called when a test begins. */
export function beginTest(): void {
  isInTest = true
}

/** What was logged since it was last called, but for what was expected; what was expected of the one test is forgotten. */
export function unexpectedLines(): string[] {
  const lines = [...pending.splice(0), ...[...sources].flatMap((source) => source())]
  const patterns = [...expected.file, ...expected.test.splice(0)]
  isInTest = false
  return lines.filter((line) => !patterns.some((pattern) => pattern.test(line)))
}

function isProblem(line: string): boolean {
  return /"level":[456]0/.test(line)
}

function sizeOf(file: string): number {
  return Buffer.byteLength(textFrom(file, 0))
}

/** Whole lines from `offset` on; none where the file is not there, or was turned over and is shorter now. */
function textFrom(file: string, offset: number): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(descriptor)
    const bytes = Buffer.alloc(Math.max(0, size - offset))
    readSync(descriptor, bytes, 0, bytes.length, offset)
    return bytes.subarray(0, bytes.lastIndexOf('\n') + 1).toString()
  } finally {
    closeSync(descriptor)
  }
}
