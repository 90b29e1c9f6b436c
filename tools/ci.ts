// `.ci/run`: `npm test`, and where that runs as root, the tests of SMOKE once more as a user without rights, in a clone of its own. A few
// files that fail are run once more by themselves; what then passes counts as passed, and is named as unsteady. The last line sums all
// up: `N passed, N failed, N skipped`.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './processes.ts'

/** A boot and its end, the tutorial by Node, logins, kills. */
const SMOKE = [
  'packages/cli/tests/up-down',
  'tests/system/tutorial-node',
  'tests/system/logins',
  'tests/faults/kill.test',
]
const SMOKE_LIMIT_MS = 360_000
/** More files than this do not fail by chance. */
const MOST_UNSTEADY = 3
const SUMMARY = /^(\d+) passed, (\d+) failed, (\d+) skipped$/

type Counts = readonly [passed: number, failed: number, skipped: number]

interface Run {
  readonly directory: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Who runs it; whoever runs this when left out. */
  readonly uid?: number
  readonly limitMs?: number
}

/** Runs `npm test` with arguments and passes its output through, but for its summary. */
async function test(run: Run): Promise<Counts> {
  const child = spawn(process.execPath, ['tools/run.mjs', 'test', ...(run.args ?? [])], {
    cwd: run.directory,
    env: { ...process.env, ...run.env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, to be ended as a whole.
    detached: run.limitMs !== undefined,
    ...(run.uid === undefined ? {} : { uid: run.uid, gid: run.uid }),
  })
  const limit = run.limitMs === undefined ? undefined : setTimeout(() => end(child, run), run.limitMs)
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  let counts: Counts = [0, 0, 0]
  for await (const line of createInterface({ input: child.stdout })) {
    const found = SUMMARY.exec(line)
    if (found) counts = [Number(found[1]), Number(found[2]), Number(found[3])]
    else console.log(line)
  }
  const code = await closed
  clearTimeout(limit)
  // What failed without a test that did, such as a check or an end that came too soon, is a failure too.
  return code !== 0 && counts[1] === 0 ? [counts[0], 1, counts[2]] : counts
}

function end({ pid }: ChildProcess, { limitMs = 0 }: Run): void {
  console.log(`the tests without rights did not end within ${limitMs / 1000} s and are ended`)
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

/** All tests; files that failed by themselves again. */
async function testWhole(): Promise<Counts> {
  const home = mkdtempSync(path.join(tmpdir(), 'ci-failed-'))
  const list = path.join(home, 'files.json')
  try {
    const first = await test({ directory: root, env: { TEST_FAILED_FILES: list } })
    const files = existsSync(list) ? namesIn(list) : []
    if (first[1] === 0 || files.length === 0 || files.length > MOST_UNSTEADY) return first
    console.log(`\nOnce more, by themselves: ${files.join(', ')}`)
    const again = await test({ directory: root, args: files, env: { TEST_FAILED_FILES: undefined } })
    if (again[1] > 0) return first
    for (const file of files) console.log(`unsteady: ${file} failed among the others and passed by itself`)
    return [first[0] + first[1], 0, first[2]]
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function namesIn(list: string): string[] {
  const files: unknown = JSON.parse(readFileSync(list, 'utf8'))
  return Array.isArray(files) ? files.map((file) => path.relative(root, String(file))) : []
}

/** The tests of SMOKE as `nobody`, in a clone that belongs to it; nothing where this process is no root itself. */
async function testWithoutRights(): Promise<Counts> {
  if (process.getuid?.() !== 0) return [0, 0, 0]
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }))
  const home = mkdtempSync(path.join(tmpdir(), 'ci-'))
  try {
    const directory = path.join(home, 'clone')
    clone(directory)
    const temporary = path.join(home, 't')
    mkdirSync(temporary)
    execFileSync('chown', ['-R', `${uid}:${uid}`, home])
    console.log(`\nAs nobody (${uid}), in a clone: ${SMOKE.join(', ')}`)
    const env = { HOME: home, TMPDIR: temporary, USER: 'nobody', NODE_COMPILE_CACHE: undefined }
    return await test({ directory, args: SMOKE, env, uid, limitMs: SMOKE_LIMIT_MS })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** What is committed, with the packages that are installed here; in a tree without git, what lies there. */
function clone(directory: string): void {
  try {
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, directory], { stdio: 'ignore' })
  } catch {
    const isOurs = (source: string) => !/^(node_modules|\.lakelet|\.git)$/.test(path.relative(root, source))
    cpSync(root, directory, { recursive: true, filter: isOurs })
  }
  execFileSync('cp', ['-a', path.join(root, 'node_modules'), directory])
}

const runs = [await testWhole(), await testWithoutRights()]
const [passed = 0, failed = 0, skipped = 0] = [0, 1, 2].map((at) =>
  runs.reduce((sum, counts) => sum + (counts[at] ?? 0), 0),
)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 ? 0 : 1
