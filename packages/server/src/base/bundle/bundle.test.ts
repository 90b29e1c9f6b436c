import { createHash } from 'node:crypto'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isLakeletError } from '../errors.ts'
import { type BundleHeader, TRAILER } from './bundle.ts'
import { notePartial, partialOf, sweepNotedPartials, sweepOldPartials } from './partials.ts'
import { readBundle } from './read-bundle.ts'
import { streamBundle, writeBundle } from './write-bundle.ts'

let root: string
let tree: string
const header: BundleHeader = {
  format: 'lakelet-backup',
  bundle_version: 1,
  lakelet: '0.0.0-test',
  create_time: '2026-01-31T12:00:00.000Z',
  note: 'kept as it is',
}

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'bundle-'))
  tree = path.join(root, 'tree')
  await mkdir(path.join(tree, 'empty'), { recursive: true, mode: 0o700 })
  await mkdir(path.join(tree, 'deep', 'er'), { recursive: true })
  await writeFile(path.join(tree, 'nothing'), '')
  await writeFile(path.join(tree, 'deep', 'big'), Buffer.alloc(3_000_000, 'lakelet '))
  await writeFile(path.join(tree, 'deep', 'er', 'tool'), '#!/bin/sh\n')
  await chmod(path.join(tree, 'deep', 'er', 'tool'), 0o751)
  await link(path.join(tree, 'deep', 'big'), path.join(tree, 'second-name'))
  await symlink('../nothing', path.join(tree, 'deep', 'way'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const write = (to: string, content: BundleHeader = header) =>
  writeBundle({ to, header: content }, (bundle) => bundle.add(tree, 'tree'))

const compressed = (bytes: Buffer) => Buffer.concat([zstdCompressSync(bytes), TRAILER])

let count = 0
/** What reading `from` fails with; nothing may be left of it but what the caller removes. */
async function readingFails(from: string, format: BundleHeader['format'] = 'lakelet-backup') {
  const to = path.join(root, `unpacked-${(count += 1)}`)
  try {
    await readBundle({ from, format, to })
  } catch (error) {
    await rm(to, { recursive: true, force: true })
    if (isLakeletError(error)) return error.code
    throw error
  }
  throw new Error(`${from} was taken for whole`)
}

test.each(['one.tar.zst', 'one'])(
  '%s: what goes in comes out, modes, links and empty directories too',
  async (name) => {
    const [file, to] = [path.join(root, name), path.join(root, `${name}-out`)]
    await write(file)
    const unpacked = await readBundle({ from: file, format: 'lakelet-backup', to })
    expect(unpacked.header).toEqual(header)
    const hashOf = async (at: string) =>
      createHash('sha256')
        .update(await readFile(at))
        .digest('hex')
    for (const each of ['nothing', 'deep/big', 'deep/er/tool', 'second-name', 'deep/way'])
      expect(await hashOf(path.join(to, 'tree', each)), each).toBe(await hashOf(path.join(tree, each)))
    expect(await readdir(path.join(to, 'tree', 'empty'))).toEqual([])
    const [tool, big, second] = await Promise.all(
      ['deep/er/tool', 'deep/big', 'second-name'].map((each) => stat(path.join(to, 'tree', each))),
    )
    expect((tool?.mode ?? 0) & 0o777).toBe(0o751)
    expect(second?.ino, 'stored once').toBe(big?.ino)
    expect((await readdir(root)).filter((each) => each.includes('partial'))).toEqual([])
  },
)

test('a file that was cut is refused, wherever the cut is', async () => {
  const whole = path.join(root, 'to-cut.tar.zst')
  await write(whole)
  const bytes = await readFile(whole)
  const cut = path.join(root, 'cut.tar.zst')
  for (let part = 0; part < 20; part += 1) {
    await writeFile(cut, bytes.subarray(0, Math.floor((bytes.length * part) / 20)))
    expect(['bundle_damaged', 'bundle_foreign']).toContain(await readingFails(cut))
  }
  await writeFile(cut, bytes.subarray(0, bytes.length - 1))
  expect(await readingFails(cut)).toBe('bundle_damaged')
})

test('a file of which one byte was changed is refused, also where the compression does not notice', async () => {
  const whole = path.join(root, 'to-change.tar.zst')
  await write(whole)
  const changed = path.join(root, 'changed.tar.zst')
  const bytes = await readFile(whole)
  for (let part = 1; part < 20; part += 1) {
    const other = Buffer.from(bytes)
    const at = Math.floor((bytes.length * part) / 20)
    other[at] = (other[at] ?? 0) ^ 0x10
    await writeFile(changed, other)
    expect(['bundle_damaged', 'bundle_foreign']).toContain(await readingFails(changed))
  }
  const tar = zstdDecompressSync(bytes.subarray(0, -TRAILER.length))
  for (const text of ['lakelet lakelet', '#!/bin/sh', 'kept as it is', '"sha256":"']) {
    const other = Buffer.from(tar)
    other.write('L', tar.indexOf(text))
    await writeFile(changed, compressed(other))
    expect(await readingFails(changed), text).toMatch(/^bundle_/)
  }
})

test('a directory in which something is missing, changed or cut is refused', async () => {
  const damages: readonly [string, (at: string) => Promise<unknown>][] = [
    ['files/tree/deep/big', (at) => rm(at)],
    ['files/tree/nothing', (at) => writeFile(at, 'something')],
    ['contents.json', (at) => rm(at)],
    ['contents.json', async (at) => writeFile(at, (await readFile(at)).subarray(0, 100))],
    ['lakelet.json', async (at) => writeFile(at, (await readFile(at, 'utf8')).replace('kept', 'lost'))],
  ]
  for (const [index, [name, damage]] of damages.entries()) {
    const directory = path.join(root, `to-damage-${index}`)
    await write(directory)
    await damage(path.join(directory, name))
    expect(await readingFails(directory), `${index} ${name}`).toBe('bundle_damaged')
  }
})

test('what is something else is named as that', async () => {
  const file = path.join(root, 'other')
  expect(await readingFails(file)).toBe('bundle_foreign')
  for (const content of ['', 'PK\u0003\u0004', 'a text that is long enough to be something']) {
    await writeFile(file, content)
    expect(await readingFails(file)).toBe('bundle_foreign')
  }
  await writeFile(file, compressed(Buffer.from('no tar')))
  expect(await readingFails(file)).toMatch(/^bundle_/)
  expect(await readingFails(tree)).toBe('bundle_foreign')
  const branch = path.join(root, 'branch.tar.zst')
  await write(branch, { ...header, format: 'lakelet-branch' })
  expect(await readingFails(branch)).toBe('bundle_foreign')
  const newer = path.join(root, 'newer.tar.zst')
  await write(newer, { ...header, bundle_version: 2 })
  expect(await readingFails(newer)).toBe('bundle_newer')
})

test.each(['../out', 'a/../../out', '/out', 'a//b'])(
  'a file that would go to %s is refused',
  async (name) => {
    const content = pack()
    content.entry({ name: 'lakelet.json' }, JSON.stringify(header))
    content.entry({ name: `files/${name}` }, 'x')
    content.entry({ name: 'contents.json' }, JSON.stringify({ header_sha256: '', entries: [] }))
    content.finalize()
    const file = path.join(root, 'out.tar.zst')
    await writeFile(file, compressed(await buffer(content)))
    expect(await readingFails(file)).toBe('bundle_damaged')
  },
)

test('nothing is overwritten, and nothing is left where it fails', async () => {
  const taken = path.join(root, 'taken.tar.zst')
  await writeFile(taken, 'mine')
  await expect(write(taken)).rejects.toMatchObject({ code: 'bundle_target' })
  expect(await readFile(taken, 'utf8')).toBe('mine')
  await expect(write(path.join(root, 'none', 'x'))).rejects.toMatchObject({ code: 'bundle_target' })
  for (const name of ['fails.tar.zst', 'fails']) {
    const to = path.join(root, name)
    const failing = writeBundle({ to, header }, async (bundle) => {
      await bundle.add(tree, 'tree')
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect((await readdir(root)).filter((each) => each.includes('fails'))).toEqual([])
  }
  await symlink('/etc', path.join(tree, 'away'))
  await expect(write(path.join(root, 'away.tar.zst'))).rejects.toThrow(/lead elsewhere/)
  await rm(path.join(tree, 'away'))
})

test('one that is read while it is made is the same, and is refused where it ends early', async () => {
  const bytes = () => streamBundle({ header }, (bundle) => bundle.add(tree, 'tree'))
  const to = path.join(root, 'streamed')
  const read = (from: AsyncIterable<Uint8Array>) =>
    readBundle({ from: 'upload', bytes: from, format: 'lakelet-backup', to })
  const unpacked = await read(bytes())
  expect(unpacked.header).toEqual(header)
  expect(await readFile(path.join(to, 'tree', 'deep', 'big'))).toEqual(
    await readFile(path.join(tree, 'deep', 'big')),
  )
  await rm(to, { recursive: true })
  const whole = await buffer(bytes())
  for (const length of [0, 3, 20, whole.length - 200, whole.length - 1]) {
    const cut = (async function* () {
      for (let at = 0; at < length; at += 100) yield whole.subarray(at, Math.min(length, at + 100))
    })()
    await expect(read(cut), String(length)).rejects.toMatchObject({
      code: expect.stringMatching(/^bundle_(?:damaged|foreign)$/),
    })
    await rm(to, { recursive: true, force: true })
  }
  const failing = streamBundle({ header }, () => Promise.reject(new Error('on purpose')))
  await expect(buffer(failing)).rejects.toThrow('on purpose')
  // Whoever leaves after the first bytes ends the writing.
  for await (const first of bytes()) {
    expect(first.length).toBeGreaterThan(0)
    break
  }
})

test('what a kill left beside a bundle goes with the next start, or when it is old', async () => {
  const place = path.join(root, 'place')
  const notes = path.join(root, 'notes')
  await mkdir(place)
  const [noted, old, fresh, foreign] = ['a', 'b', 'c', 'd'].map((name) =>
    partialOf(path.join(place, `${name}.tar.zst`)),
  ) as [string, string, string, string]
  for (const file of [noted, old, fresh]) await writeFile(file, zstdCompressSync('part of a bundle'))
  await writeFile(foreign, 'of somebody else')
  const past = Date.now() / 1000 - 100_000
  for (const file of [old, foreign]) await utimes(file, past, past)
  await notePartial(notes, noted)
  await using _ended = await notePartial(notes, path.join(place, 'ended'))
  await sweepOldPartials(place)
  expect(await sweepNotedPartials(notes, () => {})).toContain(noted)
  expect((await readdir(place)).sort()).toEqual([fresh, foreign].map((file) => path.basename(file)).sort())
  expect(await readdir(notes)).toEqual([])
  expect(await sweepNotedPartials(notes, () => {})).toEqual([])
})
