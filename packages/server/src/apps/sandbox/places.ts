// What of the machine's files an app sees: the system's programs, what its build runs, and its own.
import { type Dirent, existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** What a process in a sandbox finds under its own names. */
export interface Places {
  /** To read and write. */
  readonly own: readonly string[]
  /** To read. */
  readonly readable: readonly string[]
  /** The directory that stands at /tmp. */
  readonly temporary: string
  /** Directory of the workspace, of which only what stands above is seen. */
  readonly hidden: string
}

/** Where systems keep programs and their settings. */
const SYSTEM = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc',
  '/opt',
  '/nix/store',
  '/gnu/store',
]
/** As much as containers have. */
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024
const SYSTEMD_RESOLVER = '/run/systemd/resolve/resolv.conf'

/** Words of bwrap(1) that lay the files out. */
export function layOut({ own, readable, temporary, hidden }: Places): string[] {
  const system = SYSTEM.filter((each) => existsSync(each))
  const inside = readable.filter((each) => isWithin(each, hidden))
  const outside = readable.filter((each) => !isWithin(each, hidden) && !isOfSystem(each))
  const isSeen = [...system, ...outside].some((each) => isWithin(hidden, each))
  return [
    ...system.flatMap((each) => ['--ro-bind', each, each]),
    ...`--dev /dev --size ${SHARED_MEMORY_BYTES} --tmpfs /dev/shm --remount-ro /dev`.split(' '),
    ...'--proc /proc --symlink /tmp /var/tmp'.split(' '),
    '--bind',
    temporary,
    '/tmp',
    ...resolver(),
    ...outside.flatMap((each) => ['--ro-bind', each, each]),
    ...(isSeen ? ['--tmpfs', hidden] : []),
    ...inside.flatMap((each) => ['--ro-bind', each, each]),
    ...own.flatMap((each) => ['--bind', each, each]),
    // Made of memory, which nothing else would limit.
    ...(isSeen ? ['--remount-ro', hidden] : []),
    '--remount-ro',
    '/',
  ]
}

/** The places of the programs that PATH finds, also through links, but for those of the system. */
export function programPlaces(search: string, hidden: string): string[] {
  const directories = search
    .split(path.delimiter)
    .filter((each) => path.isAbsolute(each) && existsSync(each) && !each.endsWith('node_modules/.bin'))
    .map((each) => realpathSync(each))
    .filter((each) => !isOfSystem(each))
  const places = [...directories, ...directories.flatMap(linkedFrom)].map((each) =>
    installationOf(each, hidden),
  )
  return [...new Set(places)].filter((each) => !isOfSystem(each))
}

/** None where it is closed to us. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

/** Where the links of a directory lead. */
function linkedFrom(directory: string): string[] {
  return entriesOf(directory)
    .filter((each) => each.isSymbolicLink())
    .map((each) => path.join(directory, each.name))
    .filter((link) => existsSync(link))
    .map((link) => path.dirname(realpathSync(link)))
}

/** The installation that a program belongs to, such as the interpreter of a virtual environment; undefined for one of the system, or none. */
export function programPlace(program: string, hidden: string): string | undefined {
  if (!existsSync(program)) return undefined
  const place = installationOf(path.dirname(realpathSync(program)), hidden)
  return isOfSystem(place) ? undefined : place
}

/** `…/node-24` of `…/node-24/bin`, unless that is somebody's home or holds the workspace. */
function installationOf(directory: string, hidden: string): string {
  const above = path.dirname(directory)
  const isTooMuch = above === '/' || isWithin(homedir(), above) || isWithin(hidden, above)
  const isOfUser = path.basename(above) === '.local'
  return path.basename(directory) === 'bin' && !isTooMuch && !isOfUser ? above : directory
}

/** A resolver on this machine's loopback is out of reach; the one that systemd asks itself is not. */
function resolver(): string[] {
  const target = existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : undefined
  if (target === undefined) return []
  const servers = [...readFileSync(target, 'utf8').matchAll(/^nameserver\s+(\S+)/gm)].map((each) => each[1])
  const isLocal = servers.length > 0 && servers.every((each) => each?.startsWith('127.') || each === '::1')
  const source = isLocal && existsSync(SYSTEMD_RESOLVER) ? SYSTEMD_RESOLVER : target
  return source === target && isOfSystem(target) ? [] : ['--ro-bind', source, target]
}

function isOfSystem(place: string): boolean {
  return SYSTEM.some((each) => isWithin(place, each))
}

/** Whether `place` is `directory` or lies in it. */
function isWithin(place: string, directory: string): boolean {
  return place === directory || place.startsWith(directory === '/' ? '/' : `${directory}/`)
}
