// The entry of every npm script. It runs on any Node >= 20: brings the dependencies when they are missing or
// out of date, picks the Node that the repository is pinned to, and hands over.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const MINIMUM = [22, 18]

const commands = {
  start: ['packages/cli/src/bin.ts', 'up', '--tutorial'],
  lakelet: ['packages/cli/src/bin.ts'],
  test: ['tools/test.ts'],
  check: ['tools/check.ts'],
  bench: ['benchmarks/main.ts'],
  format: ['tools/format.ts'],
  docs: ['tools/generate-docs.ts'],
}

const [name = '', ...rest] = process.argv.slice(2)
const command = commands[name]
if (!command) fail(`unknown command '${name}'; known: ${Object.keys(commands).join(', ')}`)
installDependencies()
const node = pinnedNode()
const child = spawn(
  node,
  [
    '--conditions=lakelet:source',
    '--disable-warning=ExperimentalWarning',
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
// The terminal sends Ctrl-C to the whole group; a `kill` reaches only this process, so it is passed on.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('error', (error) => fail(`could not start ${String(node)}: ${error.message}`))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)
})

/** `npm ci` when node_modules does not belong to this lock file and this platform. */
function installDependencies() {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  const wanted = createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex')
  const stamp = path.join(root, 'node_modules', '.lakelet-installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  // Whoever ran npm by hand after the lock file changed is up to date too.
  const npmStamp = path.join(root, 'node_modules', '.package-lock.json')
  const lockTime = statSync(path.join(root, 'package-lock.json')).mtimeMs
  if (!existsSync(npmStamp) || statSync(npmStamp).mtimeMs < lockTime) {
    process.stderr.write('Installing dependencies (once) …\n')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    rmSync(stamp, { force: true })
    // Engine warnings are silenced because the pinned Node that satisfies them is one of the packages.
    const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (result.error) fail(`could not run npm: ${result.error.message}`)
    if (result.status !== 0) fail(`'npm ci' ended with exit code ${result.status}; its messages are above`)
  }
  writeFileSync(stamp, wanted)
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

function fail(message) {
  process.stderr.write(`lakelet: ${message}\n`)
  process.exit(1)
}
