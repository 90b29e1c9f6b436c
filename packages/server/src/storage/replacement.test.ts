import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { KeyedMutex } from '../base/mutex.ts'
import { Replacement } from './replacement.ts'

/** How many renames are let through before the process dies, as far as these tests are concerned. */
const left = vi.hoisted(() => ({ renames: Infinity }))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const counted: typeof rename = async (from, to) => {
    if (left.renames-- <= 0) throw new Error('killed')
    await real.rename(from, to)
  }
  return { ...real, rename: counted }
})

const OLD = { data: 'old data', 'manifest.json': 'old', archive: 'old archive' }
const NEW = { data: 'new data', 'manifest.json': 'new', bases: 'new bases' }

async function branch(): Promise<{ directory: string; replacement: Replacement }> {
  left.renames = Infinity
  const home = await mkdtemp(path.join(tmpdir(), 'replacement-'))
  onTestFinished(() => rm(home, { recursive: true }))
  const directory = path.join(home, 'br-1')
  const building = path.join(home, 'building')
  for (const [at, files] of [[directory, OLD] as const, [building, NEW] as const]) {
    await mkdir(at)
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(at, name), text)
  }
  const replacement = new Replacement(directory, new KeyedMutex())
  await replacement.bring(building)
  return { directory, replacement }
}

async function filesOf(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile())
  const read = names.map(async ({ name }) => [name, await readFile(path.join(directory, name), 'utf8')])
  return Object.fromEntries((await Promise.all(read)) as [string, string][])
}

const KILLS = Array.from({ length: 9 }, (_, index) => index)

test.each(KILLS)('killed after %i renames, the exchange is finished by the next start', async (renames) => {
  const { directory, replacement } = await branch()
  left.renames = renames
  await replacement.exchange().catch(() => undefined)
  left.renames = Infinity
  await replacement.mend()
  expect(await filesOf(directory)).toEqual(NEW)
  await replacement.exchange()
  expect(await filesOf(directory)).toEqual(NEW)
  const previous = await replacement.previous()
  await replacement.discardPrevious(previous! + 1)
  expect(await replacement.previous()).toBe(previous)
  await replacement.discardPrevious(previous!)
  expect((await readdir(directory)).sort()).toEqual(Object.keys(NEW).sort())
})

test.each(KILLS.flatMap((there) => KILLS.map((back) => [there, back] as const)))(
  'killed after %i renames there and %i back, the files that were there come back',
  async (there, back) => {
    const { directory, replacement } = await branch()
    left.renames = there
    await replacement.exchange().catch(() => undefined)
    left.renames = Infinity
    await replacement.mend()
    left.renames = back
    await replacement.takeBack().catch(() => undefined)
    left.renames = Infinity
    await replacement.mend()
    await replacement.takeBack()
    await replacement.discardNext()
    expect(await filesOf(directory)).toEqual(OLD)
    expect((await readdir(directory)).sort()).toEqual(Object.keys(OLD).sort())
  },
)
