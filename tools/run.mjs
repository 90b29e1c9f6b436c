// The entry of every npm script. It runs on any Node >= 20: brings the dependencies when they are missing or
// out of date, picks the Node that the repository is pinned to, and hands over.
import { spawn, spawnSync } from 'node:child_process'
import {
  accessSync,
  constants as fsConstants,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const MINIMUM = [22, 18]

const commands = {
  start: ['packages/cli/src/bin.ts', 'up', '--tutorial'],
  lakelet: ['packages/cli/src/bin.ts'],
  test: ['tools/test.ts'],
  ci: ['tools/ci.ts'],
  soak: ['tools/soak.ts'],
  check: ['tools/check.ts'],
  bench: ['benchmarks/main.ts'],
  build: ['tools/build.ts'],
  format: ['tools/format.ts'],
  docs: ['tools/generate-docs.ts'],
}

const [name = '', ...rest] = process.argv.slice(2)
const command = commands[name]
if (!command) fail(`unknown command '${name}'; known: ${Object.keys(commands).join(', ')}`)
refuseForeignClone()
installDependencies(name === 'start' || name === 'lakelet' ? 'run' : 'all')
const node = pinnedNode()
const child = spawn(
  node,
  [
    '--conditions=lakelet:source',
    '--disable-warning=ExperimentalWarning',
    // Less memory for garbage of the moment: 20 to 50 MB less are held, at rest and under load, for the same CPU time.
    '--max-semi-space-size=4',
    path.join(root, command[0]),
    ...command.slice(1),
    ...rest,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      // Types are stripped and code is compiled once, not at every start.
      NODE_COMPILE_CACHE:
        process.env.NODE_COMPILE_CACHE ?? path.join(root, 'node_modules', '.cache', 'lakelet-node'),
      PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
    },
  },
)
// The terminal sends Ctrl-C to the whole group, a `kill` only to this process: signals are passed on, and the child takes two at once for one.
process.on('SIGINT', () => child.kill('SIGINT'))
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('error', (error) => fail(`could not start ${String(node)}: ${error.message}`))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)
})

/**
 * Root once and a user later, or the reverse, in one clone: each would leave files that the other cannot write. Said before anything is
 * touched, and so is a clone that cannot be written at all but needs its dependencies.
 */
function refuseForeignClone() {
  const own = process.getuid?.()
  if (own === undefined) return
  const modules = path.join(root, 'node_modules')
  // The stamp is of whoever ran this; npm as root may give what it installs to the owner of the folder.
  const witness = [stampFile(), ...(own === 0 ? [] : [modules])].find((each) => existsSync(each))
  const owner = witness === undefined ? own : statSync(witness).uid
  const name = (uid) => (uid === 0 ? 'root' : `user ${uid}`)
  if (owner !== own) {
    fail(
      `the dependencies in ${modules} belong to ${name(owner)}, and this is ${name(own)}. Run it as ${name(owner)}, use a clone of your own, or hand this one over: sudo chown -R ${own} ${root}`,
    )
  }
  if (existsSync(modules)) return
  try {
    accessSync(root, fsConstants.W_OK)
  } catch {
    fail(
      `${root} cannot be written by ${name(own)}, so its dependencies cannot be installed. Use a clone of your own.`,
    )
  }
}

/** `npm ci` when node_modules does not belong to this lock file and this platform. Of several processes one installs, the others wait. */
function installDependencies(what) {
  if (isInstalled(what)) return
  const release = takeInstallLock()
  try {
    if (isInstalled(what)) return
    process.stderr.write('Installing dependencies (once) …\n')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    // Nothing here may rely on an install script, so none is run.
    const args = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    // Running needs less than half of what checking and testing need.
    if (what === 'run') args.push('--omit=dev')
    const result = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    if (result.error) fail(`could not run npm: ${result.error.message}`, release)
    if (result.status !== 0)
      fail(`'npm ci' ended with exit code ${result.status}; its messages are above`, release)
    writeFileSync(stampFile(), wantedStamp(what))
  } finally {
    release()
  }
}

function isInstalled(what) {
  const stamp = existsSync(stampFile()) ? readFileSync(stampFile(), 'utf8') : ''
  if (stamp === wantedStamp('all') || stamp === wantedStamp(what)) return true
  if (stamp === wantedStamp('run')) return false
  // Whoever ran npm by hand after the lock file changed is up to date too.
  const npmStamp = path.join(root, 'node_modules', '.package-lock.json')
  const lockTime = statSync(path.join(root, 'package-lock.json')).mtimeMs
  if (!existsSync(npmStamp) || statSync(npmStamp).mtimeMs < lockTime) return false
  writeFileSync(stampFile(), wantedStamp('all'))
  return true
}

function stampFile() {
  return path.join(root, 'node_modules', '.lakelet-installed')
}

function wantedStamp(what) {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch} ${what}`).digest('hex')
}

/** Waits for a running installation of this repository; a lock whose process is gone is taken over. */
function takeInstallLock() {
  const file = path.join(
    tmpdir(),
    // The lock of another user, who may have left it, is none of ours: it could not be taken away.
    `lakelet-install-${process.getuid?.() ?? ''}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`,
  )
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (existsSync(file) && !isAlive(holderOf(file))) rmSync(file, { force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

/** The process in a lock file; this one's own parent process when the file has just gone, so that the wait goes on. */
function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8')) || process.ppid
  } catch {
    return process.ppid
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The Node to run on: npm's pinned copy on Linux, else this one when it is new enough. */
function pinnedNode() {
  const packaged = path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(packaged)) return packaged
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return process.execPath
  return fail(
    `Lakelet needs Node ${MINIMUM.join('.')} or newer on ${process.platform}-${process.arch}; this is ${process.versions.node}. Install it from your system's packages and run the command again.`,
  )
}

function fail(message, before = () => {}) {
  before()
  process.stderr.write(`lakelet: ${message}\n`)
  process.exit(1)
}
