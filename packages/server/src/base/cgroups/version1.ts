// Limits of cgroups version 1: a file system for each controller (cgroup-v1/memory.rst, scheduler/sched-bwc.rst).
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Controller, quotaOf } from './controller.ts'
import { parseFields } from './fields.ts'

const UNLIMITED = '-1'

export function version1Cpu(directory: string): Controller {
  return {
    cpu: true,
    directory,
    add: addTo,
    limit: (group, limits) =>
      writeFile(path.join(group, 'cpu.cfs_quota_us'), limits ? quotaOf(limits.cpus) : UNLIMITED),
  }
}

/** A limit that is not hard is a soft one: beyond it memory is taken back first when the machine runs short, and nothing is ended. */
export function version1Memory(directory: string): Controller {
  return {
    cpu: false,
    memory: 'soft',
    directory,
    add: addTo,
    limit: (group, limits) =>
      writeFile(
        path.join(group, `memory.${limits?.isHard ? '' : 'soft_'}limit_in_bytes`),
        limits ? String(limits.memoryBytes) : UNLIMITED,
      ),
    kills: async (group) =>
      parseFields(await readFile(path.join(group, 'memory.oom_control'), 'utf8')).get('oom_kill') ?? 0,
    async usage(group) {
      const fields = parseFields(await readFile(path.join(group, 'memory.stat'), 'utf8'))
      const of = (name: string) => fields.get(name) ?? 0
      return {
        usedBytes: of('rss') + of('shmem'),
        // What it calls its cache has shared memory in it.
        cachedBytes: Math.max(0, of('cache') - of('shmem')),
        workingSetBytes: of('active_file'),
      }
    },
  }
}

async function addTo(group: string, pid: number): Promise<void> {
  await writeFile(path.join(group, 'cgroup.procs'), String(pid))
}
