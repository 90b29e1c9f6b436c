// The control groups of this machine: what holds servers of apps to loopback, and computes to their size.
import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Finding, note, ok } from './finding.ts'

const WHY =
  'Servers of apps are held to loopback by control groups of version 2; computes are held to their size by those of either version.'

/** What there is, and whether it is ours to divide. */
export async function controlGroups(): Promise<Finding> {
  const [mounts, own] = await Promise.all([
    readFile('/proc/self/mounts', 'utf8').catch(() => ''),
    readFile('/proc/self/cgroup', 'utf8').catch(() => ''),
  ])
  const found = readControlGroups(mounts, own)
  if (found.kind === 'none')
    return note(
      'cgroups',
      'no control groups',
      WHY,
      'Run where /sys/fs/cgroup is mounted, or leave it as it is.',
    )
  if (found.kind === 'version 1')
    return note(
      'cgroups',
      `control groups of version 1 only (${found.controllers.join(', ')})`,
      WHY,
      'Start the machine with systemd.unified_cgroup_hierarchy=1, or move to a system that has version 2.',
    )
  const beside = found.controllers.length > 0 ? `, beside version 1 for ${found.controllers.join(', ')}` : ''
  const isOurs = await access(found.directory, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!isOurs)
    return note(
      'cgroups',
      `control groups of version 2${beside}, but ${found.own} is not ours`,
      WHY,
      'Run with Delegate=yes (systemd).',
    )
  return ok('cgroups', `control groups of version 2, ${found.own} is ours${beside}`)
}

/** What /proc/self/mounts and /proc/self/cgroup (cgroups(7)) say; `controllers` are those that version 1 has. */
export function readControlGroups(
  mounts: string,
  cgroup: string,
):
  | { readonly kind: 'none' }
  | { readonly kind: 'version 1'; readonly controllers: readonly string[] }
  | {
      readonly kind: 'version 2'
      readonly own: string
      readonly directory: string
      readonly controllers: readonly string[]
    } {
  const lines = mounts.split('\n').map((line) => line.split(' '))
  const controllers = [
    ...new Set(
      lines
        .filter(([, , type]) => type === 'cgroup')
        .flatMap(([, , , options = '']) => options.split(',').filter((each) => CONTROLLERS.has(each))),
    ),
  ]
  const place = lines.find(([, , type]) => type === 'cgroup2')?.[1]
  const own = /^0::(.*)$/m.exec(cgroup)?.[1]
  if (place !== undefined && own !== undefined)
    return { kind: 'version 2', own, directory: path.join(place, own), controllers }
  return controllers.length > 0 ? { kind: 'version 1', controllers } : { kind: 'none' }
}

const CONTROLLERS = new Set([
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'net_cls',
])
