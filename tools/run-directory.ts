// Where a test run keeps its temporary files. Each workspace of the tests flushes a thousand small files to the disk before it trusts
// them, which is most of the waiting of a run; a file system in memory flushes at once. It is taken where there is room for it.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'

const MEMORY = '/dev/shm'
/** `TMPFS_MAGIC` of statfs(2). */
const TMPFS = 0x01021994
const GIB = 1024 ** 3
/** What a run with one worker needs at most, and what each more adds, in bytes; as much again stays free for its processes. */
const NEEDED = GIB
const NEEDED_BY_EACH = GIB / 2

interface RunDirectory extends Disposable {
  /** For TMPDIR. */
  readonly path: string
}

/** Runs `work` with a TMPDIR of its own, in memory where that is possible; what tests keep between runs stays on the disk. */
export async function inRunDirectory<T>(work: () => Promise<T>): Promise<T> {
  const kept = tmpdir()
  using directory = openRunDirectory()
  process.env['TEST_KEPT_DIR'] ??= kept
  process.env['TMPDIR'] = directory.path
  return await work()
}

/**
 * A directory in memory, or the system's temporary directory: where TMPDIR is set, on other systems than Linux, and where the
 * memory does not suffice or runs no programs. What killed runs left in memory is removed.
 */
function openRunDirectory(): RunDirectory {
  const disk = { path: tmpdir(), [Symbol.dispose]() {} }
  if (process.platform !== 'linux' || process.env['TMPDIR']) return disk
  let directory: string
  try {
    removeLeftovers()
    if (!hasRoom()) return disk
    directory = mkdtempSync(path.join(MEMORY, `lakelet-${process.pid}-`))
  } catch {
    return disk
  }
  // Postgres and apps are other users.
  chmodSync(directory, 0o711)
  const inMemory = {
    path: directory,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }),
  }
  if (runsPrograms(directory)) return inMemory
  inMemory[Symbol.dispose]()
  return disk
}

function hasRoom(): boolean {
  const { type, bavail, bsize } = statfsSync(MEMORY)
  const needed = NEEDED + availableParallelism() * NEEDED_BY_EACH
  return type === TMPFS && bavail * bsize >= needed && process.availableMemory() >= 2 * needed
}

/** Containers often forbid it there (noexec), and Postgres is laid into the workspaces. */
function runsPrograms(directory: string): boolean {
  const program = path.join(directory, 'program')
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 })
  const { status } = spawnSync(program)
  rmSync(program)
  return status === 0
}

function removeLeftovers(): void {
  for (const name of readdirSync(MEMORY)) {
    const pid = /^lakelet-(\d+)-\w{6}$/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(pid))
      rmSync(path.join(MEMORY, name), { recursive: true, force: true })
  }
}

function isRunning(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0
  } catch {
    return false
  }
}
