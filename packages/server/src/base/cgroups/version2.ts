// Limits of cgroups version 2 (cgroup-v2.rst).
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Controller, PERIOD_US, quotaOf } from './controller.ts'
import { parseFields } from './fields.ts'

const UNLIMITED = 'max'

export function version2(directory: string, controls: readonly ('cpu' | 'memory')[]): Controller {
  const usage = async (group: string) => {
    const fields = parseFields(await readFile(path.join(group, 'memory.stat'), 'utf8'))
    const of = (name: string) => fields.get(name) ?? 0
    return {
      usedBytes: of('anon') + of('shmem'),
      cachedBytes: Math.max(0, of('file') - of('shmem')),
      workingSetBytes: of('active_file'),
    }
  }
  const kills = async (group: string) =>
    parseFields(await readFile(path.join(group, 'memory.events'), 'utf8')).get('oom_kill') ?? 0
  return {
    cpu: controls.includes('cpu'),
    directory,
    add: (group, pid) => writeFile(path.join(group, 'cgroup.procs'), String(pid)),
    async limit(group, limits) {
      const write = (file: string, text: string) => writeFile(path.join(group, file), text)
      if (controls.includes('cpu')) {
        const quota = limits ? quotaOf(limits.cpus) : UNLIMITED
        await write('cpu.max', `${quota} ${PERIOD_US}`)
      }
      // Beyond `memory.high` memory is taken back, and nothing is ended for it, as `memory.max` does.
      if (controls.includes('memory'))
        await write(
          limits?.isHard ? 'memory.max' : 'memory.high',
          limits ? String(limits.memoryBytes) : UNLIMITED,
        )
    },
    ...(controls.includes('memory') ? { memory: 'enforced', usage, kills } : {}),
  }
}
