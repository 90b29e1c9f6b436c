// The Postgres installation and its initialised template are the same in every test workspace, and making them is most of a first
// start. They are kept between tests as hard links; both are only ever read. A stale copy does no harm: what it lacks is made anew.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { DEFAULT_MAJOR } from '../../packages/server/src/postgres/releases.ts'
import { runDirectory, sharedDirectory } from '../guards/shared-directory.ts'

const run = promisify(execFile)
const folder = `postgres-${process.getuid?.() ?? 0}`
/** Near enough for hard links. */
const near = path.join(runDirectory, folder)
/** Outlives the run; the same as `near` where the temporary directory does. */
const kept = path.join(sharedDirectory, folder)
/** Hard links of files that belong to others need root, and `cp -l` is GNU's. */
const isUsable = process.platform === 'linux'

/** `17.10.0-beta.17` and `template-17-73ae6b8d7307`; nothing unfinished, and not what a workspace keeps beside them. */
const ENTRY = /^(?:(\d+)\.[\w.-]*\d|template-(\d+)-[0-9a-f]{12})$/
/** Of one major version: those of two checkouts that differ. */
const MOST_TEMPLATES = 2

/** Puts what is kept of these major versions into a data directory that has no Postgres yet. */
export async function seedPostgres(
  dataDir: string,
  majors: readonly number[] = [DEFAULT_MAJOR],
): Promise<void> {
  const target = path.join(dataDir, 'postgres')
  if (!isUsable || existsSync(target)) return
  const known = new Set([...(await entries(near)), ...(await entries(kept))])
  const names = [...known].filter((name) => majors.includes(majorOf(name)))
  for (const name of names) await copyEntry('-a', kept, near, name)
  if (names.length === 0) return
  await mkdir(target, { recursive: true, mode: 0o711 })
  try {
    await run('cp', ['-al', ...names.map((name) => path.join(near, name)), target])
  } catch {
    // What another test replaces meanwhile, and where there are no hard links, it is made anew.
    await rm(target, { recursive: true, force: true })
  }
}

/** Keeps the installation of a workspace that has started, when it has something new. */
export async function keepPostgres(dataDir: string): Promise<void> {
  if (!isUsable) return
  const source = path.join(dataDir, 'postgres')
  for (const name of await entries(source)) {
    await copyEntry('-al', source, near, name)
    await copyEntry('-a', near, kept, name)
  }
}

/** Copies what is not there yet, as a whole or not at all. */
async function copyEntry(how: '-a' | '-al', from: string, to: string, name: string): Promise<void> {
  const [source, target] = [path.join(from, name), path.join(to, name)]
  if (existsSync(target) || !existsSync(source)) return
  await mkdir(to, { recursive: true, mode: 0o755 })
  const making = await mkdtemp(`${to}-`)
  try {
    await run('cp', [how, source, making])
    await rename(path.join(making, name), target)
    await removeOldTemplates(to, majorOf(name))
  } catch {
    // Another test was faster, or takes it away.
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

async function removeOldTemplates(home: string, major: number): Promise<void> {
  const templates = (await readdir(home)).filter((name) => name.startsWith(`template-${major}-`))
  const made = await Promise.all(
    templates.map(async (name) => ({ name, at: (await stat(path.join(home, name))).ctimeMs })),
  )
  const old = made.sort((a, b) => b.at - a.at).slice(MOST_TEMPLATES)
  for (const { name } of old) await rm(path.join(home, name), { recursive: true, force: true })
}

async function entries(home: string): Promise<string[]> {
  return (await readdir(home).catch(() => [])).filter((name) => ENTRY.test(name))
}

function majorOf(name: string): number {
  const [, installed, template] = ENTRY.exec(name) ?? []
  return Number(installed ?? template)
}
