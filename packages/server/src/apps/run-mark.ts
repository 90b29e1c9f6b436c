// How a process of an app is recognised whatever it does to itself. A group is left with setsid, a parent by forking twice, an environment
// is emptied; a hard resource limit is inherited by everything a process starts and can only be lowered. RLIMIT_LOCKS has had no effect
// since Linux 2.4.25 (getrlimit(2)), so its value is free to say which run a process belongs to: the workspace's number and the run's.
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import { readProcFile } from '../base/proc-file.ts'

/** Runs of one workspace that can be told apart. */
const RUNS = 2 ** 20

/** Makes marks of one workspace and finds what bears them. */
export class RunMarks {
  readonly #workspace: number
  #next = randomInt(RUNS)

  constructor(workspace: number) {
    this.#workspace = workspace
  }

  /** A mark for a run or a build. */
  make(): number {
    this.#next = (this.#next + 1) % RUNS
    return this.#workspace * RUNS + this.#next
  }

  /** Live processes of any run of this workspace. */
  all(): Promise<number[]> {
    return markedProcesses((mark) => Math.floor(mark / RUNS) === this.#workspace)
  }
}

/** The marks of the workspace whose apps lie in `directory`; undefined where processes cannot be marked. */
export async function openRunMarks(directory: string): Promise<RunMarks | undefined> {
  if (!(await canMark())) return undefined
  await ensureDirectory(directory)
  const file = path.join(directory, 'run-mark')
  const known = Number(await readFile(file, 'utf8').catch(() => ''))
  if (Number.isInteger(known) && known > 0) return new RunMarks(known)
  const workspace = randomInt(1, 2 ** 31)
  await writeFileAtomic(file, String(workspace))
  return new RunMarks(workspace)
}

/** Words before a command that mark it. */
export function markingWords(mark: number): string[] {
  return ['prlimit', `--locks=${mark}:${mark}`, '--']
}

/** Live processes whose mark fulfils `isWanted`. */
export async function markedProcesses(isWanted: (mark: number) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const marks = await Promise.all(pids.map((pid) => markOf(pid)))
  return pids.filter((_, index) => isWanted(marks[index] ?? Number.NaN)).map(Number)
}

/** Where a process is already limited, as in an app of another workspace, its mark is not ours to change. */
async function canMark(): Promise<boolean> {
  if (process.platform !== 'linux' || !Number.isNaN(await markOf('self'))) return false
  try {
    await promisify(execFile)('prlimit', ['--locks=1:1', '--', 'true'])
    return true
  } catch {
    // Not every Linux has util-linux.
    return false
  }
}

/** The hard limit on file locks (proc_pid_limits(5)); NaN for none, a process that ended, or a zombie, whose limits are empty. */
async function markOf(pid: string): Promise<number> {
  try {
    const limits = await readProcFile(`/proc/${pid}/limits`)
    return Number(/^Max file locks +\S+ +(\S+)/m.exec(limits)?.[1])
  } catch {
    return Number.NaN
  }
}
