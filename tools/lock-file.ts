// npm leaves optional packages of other platforms out of package-lock.json when the registry it asked does not have them, and then
// `npm ci` refuses the lock file everywhere. Each such package is listed with its version and platform: npm skips it elsewhere.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './processes.ts'

interface LockedPackage {
  version?: string
  dev?: boolean
  license?: string
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

interface Lock {
  packages: Record<string, LockedPackage>
}

/** `1.2.3`, `1.2.3-beta.1`, also under another name (`npm:pg@8.11.0`). */
const EXACT = /^(?:npm:.+@)?\d+\.\d+\.\d+(?:-[\w.-]+)?$/

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32']
const PROCESSORS = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

/** Adds what is missing to `lock`; returns the names. */
export function completeLock(lock: Lock): string[] {
  const added: string[] = []
  for (const [place, locked] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
      const top = `node_modules/${name}`
      const platform = platformOf(name)
      if (!platform || lock.packages[top] || lock.packages[`${place}/${top}`]) continue
      lock.packages[top] = { version, ...platform, ...(locked.dev ? { dev: true } : {}), optional: true }
      added.push(`${name}@${version}`)
    }
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(sorted)
  return added
}

/** The platform in a package's name, such as `@x/binding-linux-arm64-musl`; undefined where there is none. */
export function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> | undefined {
  const words = name.split(/[/-]/)
  const os = SYSTEMS.find((each) => words.includes(each))
  const cpu = PROCESSORS.find((each) => words.includes(each))
  if (!os || !cpu) return undefined
  if (os !== 'linux') return { os: [os], cpu: [cpu] }
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  return { os: [os], cpu: [cpu], ...(words.some((word) => /^(gnu|musl)/.test(word)) ? { libc: [libc] } : {}) }
}

/** What our own packages ask for by something else than an exact version, as `place: name@version`. */
export function unpinned(lock: Lock): string[] {
  return Object.entries(lock.packages)
    .filter(([place]) => !place.includes('node_modules/'))
    .flatMap(([place, { dependencies, devDependencies, optionalDependencies }]) =>
      Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
        .filter(([, version]) => !EXACT.test(version))
        .map(([name, version]) => `${place === '' ? '.' : place}: ${name}@${version}`),
    )
}

/** Completes the lock file; with `write` false it only says whether it is complete. False as well where a version is not pinned. */
export function checkLockFile({ write }: { readonly write: boolean }): boolean {
  const file = path.join(root, 'package-lock.json')
  // The shape is npm's lock file version 3.
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
  const loose = unpinned(lock)
  if (loose.length > 0) {
    console.log(`not an exact version: ${loose.join(', ')}`)
    return false
  }
  const added = completeLock(lock)
  if (added.length === 0) return true
  if (write) writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)
  const done = write
    ? 'added to package-lock.json'
    : "missing in package-lock.json ('npm run format' adds them)"
  console.log(`${done}: ${added.join(', ')}`)
  return write
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) checkLockFile({ write: true })
