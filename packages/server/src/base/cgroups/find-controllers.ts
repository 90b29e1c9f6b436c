// Where on this host the groups can be: below the group that this process is in, so that whoever limits this process limits what is in them
// too. Version 2 has one tree for all controllers (cgroup-v2.rst), version 1 one for each (cgroup-v1/cgroups.rst).
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Controller } from './controller.ts'
import { version1Cpu, version1Memory } from './version1.ts'
import { version2 } from './version2.ts'

/** What a size is made of. */
const CONTROLLED = ['cpu', 'memory'] as const

interface Mount {
  readonly root: string
  readonly directory: string
  readonly type: string
  readonly options: readonly string[]
}

/** What can be controlled, with the group `name` of the workspace made; `why` where that is not both of CPU and memory. */
export async function findControllers(
  name: string,
): Promise<{ readonly controllers: readonly Controller[]; readonly why?: string }> {
  if (process.platform !== 'linux') return { controllers: [], why: `${process.platform} has no cgroups` }
  const [mountInfo, own] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8').catch(() => ''),
    readFile('/proc/self/cgroup', 'utf8').catch(() => ''),
  ])
  const mounts = parseMounts(mountInfo)
  const groups = parseOwnGroups(own)
  const problems: string[] = []
  const attempt = async (make: () => Promise<Controller | undefined>): Promise<Controller[]> => {
    try {
      const made = await make()
      return made ? [made] : []
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
      return []
    }
  }
  const unified = await attempt(() => openVersion2(mounts, groups, name))
  const missing = CONTROLLED.filter((what) => !unified.some((controller) => controller[what]))
  const separate = await Promise.all(
    missing.map((what) => attempt(() => openVersion1(mounts, groups, name, what))),
  )
  const controllers = [...unified, ...separate.flat()]
  const lacking = missing.filter((what) => !controllers.some((controller) => controller[what]))
  if (lacking.length === 0) return { controllers }
  const reason = problems.at(-1) ?? 'no cgroup of this host controls that'
  return { controllers, why: `${lacking.join(' and ')}: ${reason}` }
}

/** The cgroup file systems of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root, directory] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    if (root === undefined || directory === undefined || !type?.startsWith('cgroup')) return []
    return [{ root, directory, type, options: options.split(',') }]
  })
}

/** The group of this process in each tree, by controller; that of version 2 has the name ''. */
export function parseOwnGroups(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, controllers, ...group] = line.split(':')
      if (controllers === undefined || group.length === 0) return []
      return controllers.split(',').map((name) => [name, group.join(':')] as const)
    }),
  )
}

/** Where the group of this process is seen below a mount, which may show only a part of the tree. */
function ownDirectory(mount: Mount, group: string): string {
  const below = path.posix.relative(mount.root, group)
  return below.startsWith('..') ? mount.directory : path.join(mount.directory, below)
}

async function openVersion1(
  mounts: readonly Mount[],
  groups: ReadonlyMap<string, string>,
  name: string,
  what: 'cpu' | 'memory',
): Promise<Controller | undefined> {
  const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(what))
  if (!mount) return undefined
  const directory = path.join(ownDirectory(mount, groups.get(what) ?? '/'), name)
  await mkdir(directory, { recursive: true })
  return what === 'cpu' ? version1Cpu(directory) : version1Memory(directory)
}

/**
 * A group with processes in it cannot share out what it has among groups below it (cgroup-v2.rst, "No Internal Process Constraint"), but
 * for the root. So the group of the workspace stands below this process' own where that is the root, else beside it.
 */
async function openVersion2(
  mounts: readonly Mount[],
  groups: ReadonlyMap<string, string>,
  name: string,
): Promise<Controller | undefined> {
  const mount = mounts.find(({ type }) => type === 'cgroup2')
  if (!mount) return undefined
  const own = ownDirectory(mount, groups.get('') ?? '/')
  const above = own === mount.directory ? own : path.dirname(own)
  const offered = words(await readFile(path.join(above, 'cgroup.controllers'), 'utf8').catch(() => ''))
  const wanted = CONTROLLED.filter((what) => offered.includes(what))
  if (wanted.length === 0) return undefined
  const enable = wanted.map((what) => `+${what}`).join(' ')
  await writeFile(path.join(above, 'cgroup.subtree_control'), enable)
  const directory = path.join(above, name)
  await mkdir(directory, { recursive: true })
  await writeFile(path.join(directory, 'cgroup.subtree_control'), enable)
  await access(path.join(directory, 'cgroup.procs'))
  return version2(directory, wanted)
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
