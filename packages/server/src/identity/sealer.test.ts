import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSealer } from './sealer.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-sealer-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const file = (name: string) => path.join(directory, name)
const text = (bytes: Buffer | undefined) => bytes?.toString('utf8')

it('opens what it sealed, also after a restart, and shows nothing of it', async () => {
  const sealer = await openSealer(file('a'))
  const sealed = sealer.seal(Buffer.from('påss'), 'scope/key')
  expect(Buffer.from(sealed, 'base64').includes('påss')).toBe(false)
  expect(sealer.seal(Buffer.from('påss'), 'scope/key')).not.toBe(sealed)
  expect(text((await openSealer(file('a'))).open(sealed, 'scope/key'))).toBe('påss')
  expect((await stat(file('a'))).mode & 0o777).toBe(0o600)
})

it('opens nothing for another place, with another key, or that was changed', async () => {
  const sealer = await openSealer(file('a'))
  const sealed = sealer.seal(Buffer.from('value'), 'scope/key')
  expect(sealer.open(sealed, 'scope/other')).toBeUndefined()
  expect((await openSealer(file('b'))).open(sealed, 'scope/key')).toBeUndefined()
  expect(sealer.open(`A${sealed.slice(1)}`.replace(/^AA/, 'BB'), 'scope/key')).toBeUndefined()
  expect(sealer.open('', 'scope/key')).toBeUndefined()
})

it('does not replace a damaged key', async () => {
  await writeFile(file('c'), 'short')
  await expect(openSealer(file('c'))).rejects.toMatchObject({ code: 'secrets_key_damaged' })
  expect(await readFile(file('c'), 'utf8')).toBe('short')
})
