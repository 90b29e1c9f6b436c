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
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'latin1').catch(
    () => undefined,
  )
  if (children === undefined) return undefined
  const pids = [String(postmaster), ...children.split(' ').filter((pid) => pid !== '')]
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')),
  )
  const processes = texts.filter((text) => text !== '').map(parseStatus)
  if (processes.length === 0) return undefined
  return {
    runnable: processes.filter(({ isRunnable }) => isRunnable).length,
    memoryBytes:
      processes.reduce((sum, { ownBytes }) => sum + ownBytes, 0) +
      // Each maps the same shared memory, and counts the pages that it touched itself.
      Math.max(...processes.map(({ sharedBytes }) => sharedBytes)),
  }
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
