// What every archive store keeps to. A store is added to `stores`.
import { appendFile, mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archiveReady } from '../../src/storage/archive/archive-wal.ts'
import { DirectoryStore } from '../../src/storage/archive/directory-store.ts'
import type { ArchiveStore } from '../../src/storage/archive/store.ts'
import { temporaryDirectory } from '../postgres/installed.ts'

const ONE = '000000010000000000000001'
const TWO = '000000010000000000000002'
const SEGMENT = 16 * 1024 * 1024

let home: Awaited<ReturnType<typeof temporaryDirectory>>
let files = 0

beforeAll(async () => {
  home = await temporaryDirectory()
})
afterAll(() => home[Symbol.asyncDispose]())

async function fileOf(content: string | Uint8Array): Promise<string> {
  const file = path.join(home.path, `source-${(files += 1)}`)
  await writeFile(file, content)
  return file
}

const stores: readonly (readonly [string, () => ArchiveStore])[] = [
  ['directory', () => new DirectoryStore(path.join(home.path, `archive-${(files += 1)}`))],
]

describe.each(stores)('the %s store', (_name, newStore) => {
  test('keeps what it is given, and has nothing else', async () => {
    const store = newStore()
    expect(await store.list()).toEqual([])
    await expect(store.open(ONE)).rejects.toMatchObject({ code: 'ENOENT' })
    await store.put(TWO, await fileOf('two'))
    await store.put('00000002.history', await fileOf('1\t0/3000000\tpast\n'))
    await store.put(ONE, await fileOf('one'))
    expect(await buffer(await store.open(ONE))).toEqual(Buffer.from('one'))
    expect((await store.list()).map(({ name }) => name)).toEqual([ONE, TWO, '00000002.history'])
    expect([await store.has(ONE), await store.has('00000003.history')]).toEqual([true, false])
    await store.delete(ONE)
    await store.delete(ONE)
    expect(await store.has(ONE)).toBe(false)
  })

  test('accepts the same content again, whole, and refuses any other', async () => {
    const store = newStore()
    const content = Buffer.alloc(3 * 1024 * 1024, 'wal')
    await store.put(ONE, await fileOf(content))
    await store.put(ONE, await fileOf(content))
    const others = [
      content.subarray(0, -1),
      Buffer.concat([content, Buffer.from([0])]),
      Buffer.concat([content.subarray(0, -1), Buffer.from('!')]),
      Buffer.alloc(0),
    ]
    for (const other of others) {
      await expect(store.put(ONE, await fileOf(other))).rejects.toMatchObject({ code: 'archive_conflict' })
    }
    expect(await buffer(await store.open(ONE))).toEqual(content)
  })

  test('keeps one of several that come at once', async () => {
    const store = newStore()
    const sources = await Promise.all(['a', 'b', 'c'].map((text) => fileOf(text.repeat(1000))))
    const outcomes = await Promise.allSettled(sources.map((source) => store.put(ONE, source)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await store.list()).map(({ name }) => name)).toEqual([ONE])
  })

  test('takes no room for zeros at the end, and gives them back', async () => {
    const store = newStore()
    const source = await fileOf(Buffer.alloc(100_000, 'x'))
    await appendFile(source, Buffer.alloc(SEGMENT - 100_000))
    await store.put(ONE, source)
    await store.put(ONE, source)
    const [kept] = await store.list()
    expect(kept?.bytes).toBeLessThan(600_000)
    const back = await buffer(await store.open(ONE))
    expect(back.length).toBe(SEGMENT)
    expect(back.subarray(99_999, 100_001)).toEqual(Buffer.from('x\0'))
    await truncate(source, 0)
    await truncate(source, SEGMENT)
    await expect(store.put(ONE, source)).rejects.toMatchObject({ code: 'archive_conflict' })
  })

  test('has no names but those of the log', async () => {
    const store = newStore()
    const source = await fileOf('x')
    for (const name of ['../escaped', 'base', `${ONE}.ready`, '', '0000000100000000000000aa']) {
      await expect(store.put(name, source)).rejects.toThrow(/not a name of the archive/)
    }
  })
})

test('a directory store removes what a crash left of a copy, and nothing else', async () => {
  const directory = path.join(home.path, 'swept')
  const store = new DirectoryStore(directory)
  await store.put(ONE, await fileOf('one'))
  await writeFile(path.join(directory, `.${TWO}.0123abcd`), 'half')
  await store.sweep()
  expect(await readdir(directory)).toEqual([ONE])
})

describe('what Postgres has completed', () => {
  async function cluster(ready: Readonly<Record<string, string | undefined>>): Promise<string> {
    const data = path.join(home.path, `data-${(files += 1)}`)
    const status = path.join(data, 'pg_wal', 'archive_status')
    await mkdir(status, { recursive: true })
    for (const [name, content] of Object.entries(ready)) {
      await writeFile(path.join(status, `${name}.ready`), '')
      if (content !== undefined) await writeFile(path.join(data, 'pg_wal', name), content)
    }
    return data
  }
  const marks = (data: string) => readdir(path.join(data, 'pg_wal', 'archive_status'))

  test('is archived, histories first, and then called done', async () => {
    const store = new DirectoryStore(path.join(home.path, 'order'))
    const data = await cluster({ [TWO]: 'two', '00000002.history': 'h', [ONE]: 'one' })
    expect(await archiveReady(data, store)).toEqual(['00000002.history', ONE, TWO])
    expect((await marks(data)).toSorted()).toEqual([`${ONE}.done`, `${TWO}.done`, '00000002.history.done'])
    expect(await archiveReady(data, store)).toEqual([])
  })

  test('is archived again without harm when a crash came before Postgres was told', async () => {
    const store = new DirectoryStore(path.join(home.path, 'again'))
    const data = await cluster({ [ONE]: 'one' })
    await store.put(ONE, path.join(data, 'pg_wal', ONE))
    expect(await archiveReady(data, store)).toEqual([ONE])
  })

  test('stays where the archive holds something else, with all that comes after it', async () => {
    const store = new DirectoryStore(path.join(home.path, 'other'))
    const data = await cluster({ [ONE]: 'one', [TWO]: 'two' })
    await store.put(ONE, await fileOf('not one'))
    await expect(archiveReady(data, store)).rejects.toMatchObject({ code: 'archive_conflict' })
    expect((await marks(data)).toSorted()).toEqual([`${ONE}.ready`, `${TWO}.ready`])
    expect((await stat(path.join(data, 'pg_wal', TWO))).size).toBe(3)
  })

  test('loses its mark where the file is gone, as with the archiver of Postgres', async () => {
    const store = new DirectoryStore(path.join(home.path, 'gone'))
    const data = await cluster({ [ONE]: undefined, [TWO]: 'two' })
    expect(await archiveReady(data, store)).toEqual([TWO])
    expect(await marks(data)).toEqual([`${TWO}.done`])
  })
})
