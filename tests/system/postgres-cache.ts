// The Postgres installation and its initialised template are the same in every test workspace, and making them is most of a first
// start. They are kept between tests as hard links; both are only ever read. A stale copy does no harm: what it lacks is made anew.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { sharedDirectory } from '../guards/shared-directory.ts'

const run = promisify(execFile)
const home = path.join(sharedDirectory, `postgres-${process.getuid?.() ?? 0}`)
/** Hard links of files that belong to others need root, and `cp -l` is GNU's. */
const isUsable = process.platform === 'linux'

/** Puts what is kept into a data directory that has no Postgres yet. */
export async function seedPostgres(dataDir: string): Promise<void> {
  const target = path.join(dataDir, 'postgres')
  if (!isUsable || existsSync(target) || !existsSync(home)) return
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  // On another file system there are no hard links: then it is a copy. What is replaced meanwhile by another test is made anew.
  for (const how of ['-al', '-a']) {
    if (
      await run('cp', [how, home, target]).then(
        () => true,
        () => false,
      )
    )
      return
    await rm(target, { recursive: true, force: true })
  }
}

/** Keeps the installation of a workspace that has started, when it has something new. */
export async function keepPostgres(dataDir: string): Promise<void> {
  const source = path.join(dataDir, 'postgres')
  if (!isUsable || !(await isNew(source))) return
  await mkdir(path.dirname(home), { recursive: true, mode: 0o755 })
  const copy = await mkdtemp(`${home}-`)
  try {
    await run('cp', ['-al', source, path.join(copy, 'postgres')])
    await rm(path.join(copy, 'postgres', 'identities.json'), { force: true })
    // Another test may have kept the same meanwhile; what others are copying right now is not taken away for nothing.
    if (!(await isNew(source))) return
    if (existsSync(home)) await rename(home, path.join(copy, 'before'))
    await rename(path.join(copy, 'postgres'), home)
  } catch {
    // Another test was faster.
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

async function isNew(source: string): Promise<boolean> {
  if (!existsSync(home)) return true
  const kept = await readdir(home)
  return (await readdir(source)).some((name) => name.startsWith('template-') && !kept.includes(name))
}
