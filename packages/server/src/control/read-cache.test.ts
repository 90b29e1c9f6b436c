import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openMetadata } from '../metadata/database.ts'
import { ReadCache } from './read-cache.ts'

test('what is kept is bounded by its size, whatever it is asked for', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-cache-'))
  const metadata = await openMetadata(path.join(directory, 'metadata.sqlite'))
  try {
    const cache = new ReadCache(metadata, ['projects'])
    let loads = 0
    const read = (key: string, characters: number) =>
      cache.read(key, async () => {
        loads += 1
        return 'x'.repeat(characters)
      })
    await read('small', 10)
    await read('small', 10)
    expect(loads).toBe(1)
    // One answer alone is too large to keep.
    await read('huge', 3_000_000)
    await read('huge', 3_000_000)
    expect(loads).toBe(3)
    // Keys count too.
    loads = 0
    const keys = Array.from({ length: 40 }, (_, index) => `${index}${'k'.repeat(500_000)}`)
    for (const key of [...keys, ...keys]) await read(key, 1)
    expect(loads).toBeGreaterThan(60)
    loads = 0
    const answers = Array.from({ length: 40 }, (_, index) => String(index))
    for (const key of [...answers, ...answers]) await read(key, 500_000)
    expect(loads).toBeGreaterThan(60)
  } finally {
    await metadata[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }
})

test('an answer is kept until something of its topics changes, whatever else does', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-cache-'))
  const metadata = await openMetadata(path.join(directory, 'metadata.sqlite'))
  try {
    const cache = new ReadCache(metadata, ['projects'])
    let loads = 0
    const read = () => cache.read('key', async () => (loads += 1))
    await read()
    await metadata.db.deleteFrom('apps').execute()
    expect(await read()).toBe(1)
    await metadata.db.deleteFrom('projects').execute()
    expect(await read()).toBe(2)
  } finally {
    await metadata[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }
})
