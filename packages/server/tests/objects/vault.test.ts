// An archive on a real S3 server: what goes in comes out, nothing is overwritten, and what was changed is told.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSoak } from '../../../../tests/hostile/duration.ts'
import { HEADER } from '../../src/objects/names.ts'
import type { ObjectStore } from '../../src/objects/object-store.ts'
import { openS3 } from '../../src/objects/s3-store.ts'
import { Vault } from '../../src/objects/vault.ts'
import { WriterClaim } from '../../src/objects/writer-claim.ts'
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { findS3Server, S3_ENVIRONMENT, type S3Server, startS3Server } from './s3-server.ts'
import { z } from 'zod'

const found = await findS3Server(isSoak)
const skipped = 'reason' in found ? ` (skipped: ${found.reason})` : ''
const PASSPHRASE = 'a passphrase of tests'
const begin = { workspaceId: '42', now: new Date() }

describe.skipIf('reason' in found)(`an archive in an S3 server${skipped}`, () => {
  let server: S3Server
  let proxy: FaultProxy
  const before = { ...process.env }
  let count = 0

  beforeAll(async () => {
    Object.assign(process.env, S3_ENVIRONMENT)
    server = await startS3Server('program' in found ? found.program : '')
    proxy = await startFaultProxy(server.port)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    process.env = before
  })

  /** A store with a prefix of its own, in whose way the proxy is. */
  async function newStore(prefix = `p${(count += 1)}`): Promise<ObjectStore & { readonly files: string }> {
    proxy.choose = () => undefined
    const store = await openS3({ url: `s3://bucket/${prefix}`, endpoint: `http://127.0.0.1:${proxy.port}` })
    return Object.assign(store, { files: path.join(server.bucket, prefix) })
  }
  const chunkFile = (files: string, chunk: string) => path.join(files, 'chunks', chunk.slice(0, 2), chunk)

  test('what goes in comes out, encrypted, and not by another passphrase', async () => {
    const store = await newStore()
    const vault = await Vault.openOrBegin(store, PASSPHRASE, begin)
    const content = Buffer.from('a secret '.repeat(1000))
    const chunk = await vault.putChunk(content)
    await vault.putRecord('states/1', { text: 'a secret' })
    const other = await Vault.open(store, PASSPHRASE)
    expect(await other.getChunk(chunk)).toEqual(content)
    expect(await other.getRecord('states/1', z.object({ text: z.string() }))).toEqual({ text: 'a secret' })
    for (const name of await readdir(store.files, { recursive: true })) {
      const text = await readFile(path.join(store.files, name), 'latin1').catch(() => '')
      expect(text, name).not.toContain('secret')
    }
    await expect(Vault.open(store, 'another passphrase')).rejects.toMatchObject({
      code: 'object_archive_passphrase',
    })
  })

  test('an object that was changed, cut, moved or lost is named', async () => {
    const store = await newStore()
    const vault = await Vault.openOrBegin(store, PASSPHRASE, begin)
    const [one, two] = [await vault.putChunk(Buffer.from('one')), await vault.putChunk(Buffer.from('two'))]
    const file = chunkFile(store.files, one)
    const name = `chunks/${one.slice(0, 2)}/${one}`
    const bytes = await readFile(file)
    const damages = [
      Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]),
      bytes.subarray(0, -3),
      Buffer.alloc(0),
      await readFile(chunkFile(store.files, two)),
    ]
    for (const damage of damages) {
      // By who may write to the bucket, checksums and all; then by the disk of the store.
      await store.delete([name])
      await store.put(name, damage)
      await expect(vault.getChunk(one)).rejects.toThrow(/changed, cut|not an object/)
      await store.delete([name])
      await store.put(name, bytes)
      await writeFile(file, damage)
      await expect(vault.getChunk(one)).rejects.toMatchObject({ code: 'object_archive_damaged' })
    }
    await rm(file)
    await expect(vault.getChunk(one)).rejects.toThrow(/is missing/)
  })

  test('a prefix of another workspace, another version or something else is refused and stays as it is', async () => {
    const store = await newStore()
    await Vault.openOrBegin(store, PASSPHRASE, begin)
    const header = path.join(store.files, HEADER)
    const content = await readFile(header, 'utf8')
    const other = Vault.openOrBegin(store, PASSPHRASE, { ...begin, workspaceId: '43' })
    await expect(other).rejects.toThrow(/belongs to another workspace \(42\)/)
    expect(await readFile(header, 'utf8')).toBe(content)
    await store.delete([HEADER])
    await store.put(HEADER, Buffer.from(content.replace('"version": 1', '"version": 9')))
    await expect(Vault.open(store, PASSPHRASE)).rejects.toThrow(/of version 9/)
    const foreign = await newStore()
    await foreign.put('notes.txt', Buffer.from('mine'))
    await expect(Vault.openOrBegin(foreign, PASSPHRASE, begin)).rejects.toThrow(
      /something else \(notes.txt\)/,
    )
    await expect(Vault.open(await newStore(), PASSPHRASE)).rejects.toThrow(/there is no archive there/)
  })

  test('nothing is overwritten, and one of two writers stops', async () => {
    const store = await newStore()
    const vault = await Vault.openOrBegin(store, PASSPHRASE, begin)
    await vault.putRecord('bases/x', { a: 1 })
    await vault.putRecord('bases/x', { a: 1 })
    await expect(vault.putRecord('bases/x', { a: 2 })).rejects.toMatchObject({
      code: 'object_archive_damaged',
    })
    const claim = (instance: string, takeOver = false) =>
      WriterClaim.make(vault, { instance, takeOver, now: new Date() })
    const first = await claim('one')
    await first.check()
    await expect(claim('two')).rejects.toThrow(/take-over/)
    const again = await claim('one')
    await expect(first.check(), 'an earlier start of the same').rejects.toThrow(/does not any more/)
    await claim('two', true)
    await expect(again.check()).rejects.toThrow(/does not any more/)
    const both = await Promise.allSettled([claim('two'), claim('two')])
    const checks = await Promise.allSettled(
      both.map((each) =>
        each.status === 'fulfilled' ? each.value.check() : Promise.reject(each.reason as Error),
      ),
    )
    expect(checks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  const faults: readonly Fault[] = ['busy', 'lost-answer', 'cut-upload', 'cut-answer', 'slow', 'down']
  test.each(faults)('%s now and then: all of it is there in the end, once', async (fault) => {
    const store = await newStore()
    const vault = await Vault.openOrBegin(store, PASSPHRASE, begin)
    let requests = 0
    proxy.choose = () => ((requests += 1) % 3 === 0 ? fault : undefined)
    const chunks: string[] = []
    for (let n = 0; n < 6; n += 1) chunks.push(await vault.putChunk(Buffer.alloc(100_000, `${n} ${fault}`)))
    expect(proxy.happened.get(fault)).toBeGreaterThan(0)
    for (const [n, chunk] of chunks.entries())
      expect(await vault.getChunk(chunk)).toEqual(Buffer.alloc(100_000, `${n} ${fault}`))
    proxy.choose = () => undefined
    const names: string[] = []
    for await (const { name } of store.list('chunks/')) names.push(name)
    expect(names).toHaveLength(6)
  })

  test('what stands in the way is said in words', async () => {
    const at = (bucket: string) =>
      openS3({ url: `s3://${bucket}/x`, endpoint: `http://127.0.0.1:${proxy.port}` })
    proxy.choose = () => undefined
    await expect((await at('nobucket')).put('a', Buffer.from('a'))).rejects.toThrow(/bucket does not exist/)
    const store = await at('bucket')
    proxy.choose = () => 'down'
    await expect(store.put('a', Buffer.from('a'))).rejects.toMatchObject({ isPassing: true })
    proxy.choose = () => 'busy'
    await expect(store.put('a', Buffer.from('a'))).rejects.toThrow(/503/)
    proxy.choose = () => undefined
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong'
    await expect((await at('bucket')).put('a', Buffer.from('a'))).rejects.toThrow(/secret key is wrong/)
    Object.assign(process.env, S3_ENVIRONMENT)
  })
})
