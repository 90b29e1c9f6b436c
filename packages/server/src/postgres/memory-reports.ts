// What a backend says of its memory when it is asked (`pg_log_backend_memory_contexts`): it says so in the log of its server, a line for each
// context. Those lines are taken out of the log where we asked for them. What a line says is believed only about the process that wrote it:
// the server puts the process id in front, and a line that a user writes begins with a tab from its second line on.
import { untilAborted } from '../base/until-aborted.ts'

/** What one backend uses. Bytes. */
export interface MemoryReport {
  readonly processId: number
  /** Used bytes by the name of the context; the sum where several bear a name. */
  readonly used: Readonly<Record<string, number>>
}

/** As `log_line_prefix` of `settings.ts` has it; an error code stands behind the level where `log_error_verbosity` is `verbose`. */
const LINE = /^\S+ \S+ UTC \[(\d+)\] .*?(LOG|LOCATION): {2}(?:[0-9A-Z]{5}: )?(.*)$/
const BEGIN = /^logging memory contexts of PID \d+$/
const CONTEXT = /^level: \d+; (.+?): \d+ total in \d+ blocks; \d+ free \(\d+ chunks\); (\d+) used/
const END = /^Grand total: /

interface Expected {
  used: Record<string, number> | undefined
  readonly done: PromiseWithResolvers<MemoryReport>
}

export class MemoryReports {
  readonly #expected = new Map<number, Expected>()
  /** Whose report ended with the last line: where it was said from may follow. */
  #last = 0

  /** The report of a process that is asked for one next. Never settles where the process says nothing; `forget` it then. */
  expect(processId: number): Promise<MemoryReport> {
    const known = this.#expected.get(processId)
    if (known) return known.done.promise
    const expected: Expected = { used: undefined, done: Promise.withResolvers<MemoryReport>() }
    this.#expected.set(processId, expected)
    return expected.done.promise
  }

  forget(processId: number): void {
    this.#expected.delete(processId)
  }

  /** True for a line of a report that was asked for. */
  takes(line: string): boolean {
    if (this.#expected.size === 0 && this.#last === 0) return false
    const [, pid, level, text = ''] = LINE.exec(line) ?? []
    const processId = Number(pid)
    if (level === 'LOCATION') return processId === this.#last
    const expected = this.#expected.get(processId)
    this.#last = expected && this.#read(processId, expected, text) ? processId : 0
    return this.#last !== 0
  }

  #read(processId: number, expected: Expected, text: string): boolean {
    if (BEGIN.test(text)) {
      expected.used = {}
      return true
    }
    const { used } = expected
    if (!used) return false
    const [, name, bytes] = CONTEXT.exec(text) ?? []
    if (name !== undefined) used[name] = (used[name] ?? 0) + Number(bytes)
    if (!END.test(text)) return text.startsWith('level: ')
    this.#expected.delete(processId)
    expected.done.resolve({ processId, used })
    return true
  }
}

/** Asks backends what they use. Those that did not answer within `waitMs` are not in the answer. */
export async function readMemory(
  reports: MemoryReports,
  admin: { query(text: string, values?: readonly unknown[]): Promise<object[]> },
  processIds: readonly number[],
  waitMs: number,
): Promise<MemoryReport[]> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error('no answer')), waitMs)
  try {
    const answers = processIds.map((each) =>
      untilAborted(reports.expect(each), late.signal).catch(() => undefined),
    )
    await admin.query('SELECT pg_log_backend_memory_contexts(pid) FROM unnest($1::int4[]) AS pid', [
      processIds,
    ])
    return (await Promise.all(answers)).filter((answer) => answer !== undefined)
  } finally {
    clearTimeout(timer)
    for (const each of processIds) reports.forget(each)
  }
}
