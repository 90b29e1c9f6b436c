// The entry of the npm scripts for another user than the clone's: needs root, which can be both.
import { execFile } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { root } from './processes.ts'

const run = promisify(execFile)
const STRANGER = 65_534
const isRoot = process.getuid?.() === 0

it.runIf(isRoot)('refuses a clone whose dependencies are of another user (needs root)', async () => {
  const clone = await mkdtemp(path.join(tmpdir(), 'lakelet-clone-'))
  try {
    await chmod(clone, 0o755)
    await mkdir(path.join(clone, 'tools'))
    await mkdir(path.join(clone, 'node_modules'))
    await cp(path.join(root, 'tools/run.mjs'), path.join(clone, 'tools/run.mjs'))
    await cp(path.join(root, 'package-lock.json'), path.join(clone, 'package-lock.json'))
    const stamp = path.join(clone, 'node_modules/.lakelet-installed')
    await writeFile(stamp, 'of another lock file')
    const node = '/usr/bin/env'
    const as = (uid: number) =>
      run(node, ['node', path.join(clone, 'tools/run.mjs'), 'check'], { cwd: clone, uid, gid: uid }).then(
        () => '',
        (error: { stderr: string }) => error.stderr,
      )
    expect(await as(STRANGER)).toMatch(/belong to root, and this is user 65534\..*sudo chown -R 65534/)
    await chown(stamp, STRANGER, STRANGER)
    expect(await as(0)).toMatch(/belong to user 65534, and this is root\./)
    expect(await readdir(path.join(clone, 'node_modules'))).toEqual(['.lakelet-installed'])
    await rm(path.join(clone, 'node_modules'), { recursive: true })
    expect(await as(STRANGER)).toContain('cannot be written by user 65534')
  } finally {
    await rm(clone, { recursive: true })
  }
})
