// What the processes of a Postgres server take of this machine, as the system tells it (proc(5)). Every process of a server is a child of its
// postmaster (src/backend/postmaster/postmaster.c).
import { readFile } from 'node:fs/promises'

export interface ProcessUsage {
  /** Processes that run, wait for a CPU or for a disk: what the load average counts. */
  readonly runnable: number
  /** Memory of their own, and the part of the shared memory that was touched. */
  readonly memoryBytes: number
}

/** Undefined where the system does not tell, or the server has ended. */
export async function processUsage(postmaster: number): Promise<ProcessUsage | undefined> {
  const processes = (await readOfEach(postmaster, 'status'))?.map(parseStatus)
  if (!processes) return undefined
  if (processes.length === 0) return undefined
  return {
    runnable: processes.filter(({ isRunnable }) => isRunnable).length,
    memoryBytes:
      processes.reduce((sum, { ownBytes }) => sum + ownBytes, 0) +
      // Each maps the same shared memory, and counts the pages that it touched itself.
      Math.max(...processes.map(({ sharedBytes }) => sharedBytes)),
  }
}

/**
 * Time that a server has spent on CPUs since it began, in seconds: what its processes did, and what those did that have ended. Undefined where
 * the system does not tell, or the server has ended.
 */
export async function processCpuSeconds(postmaster: number): Promise<number | undefined> {
  const texts = await readOfEach(postmaster, 'stat')
  if (!texts || texts.length === 0) return undefined
  return texts.reduce((sum, text) => sum + parseCpuSeconds(text), 0)
}

/** The file of the postmaster and of each of its children, of those that have not ended meanwhile. */
async function readOfEach(postmaster: number, file: 'status' | 'stat'): Promise<string[] | undefined> {
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'latin1').catch(
    () => undefined,
  )
  if (children === undefined) return undefined
  const pids = [String(postmaster), ...children.split(' ').filter((pid) => pid !== '')]
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')),
  )
  return texts.filter((text) => text !== '')
}

/** Of `/proc/<pid>/stat`: what the process and the children that it waited for spent in user and system mode; a tick is 10 ms (proc_pid_stat(5)). */
export function parseCpuSeconds(text: string): number {
  // The name, in brackets, may have spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}

/** The fields of `/proc/<pid>/status` that matter here. */
export function parseStatus(text: string): {
  readonly isRunnable: boolean
  readonly ownBytes: number
  readonly sharedBytes: number
} {
  const kilobytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return {
    isRunnable: /^State:\s+[RD]\b/m.test(text),
    ownBytes: kilobytes('RssAnon') * 1024,
    sharedBytes: kilobytes('RssShmem') * 1024,
  }
}
