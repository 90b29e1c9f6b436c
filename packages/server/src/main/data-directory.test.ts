import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDataDirectory } from './data-directory.ts'

let parent: string

beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'lakelet-data-'))
})

afterEach(() => {
  rmSync(parent, { recursive: true })
})

it('refuses a second holder and names the first, until the first lets go', async () => {
  const directory = path.join(parent, 'd')
  const first = await openDataDirectory(directory)
  await expect(openDataDirectory(directory)).rejects.toThrow(
    `in use by a running workspace (process ${process.pid})`,
  )
  await first[Symbol.asyncDispose]()
  await using second = await openDataDirectory(directory)
  expect(readFileSync(second.file('.gitignore'), 'utf8')).toBe('*\n')
  expect(second.file('a', 'b')).toBe(path.join(directory, 'a', 'b'))
})

it('can be taken at once after its holder was killed', async () => {
  const directory = path.join(parent, 'd')
  const script = `const {openDataDirectory} = await import(${JSON.stringify(path.join(import.meta.dirname, 'data-directory.ts'))});
    await openDataDirectory(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1000)`
  const args = [
    '--conditions=lakelet:source',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    script,
  ]
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  await expect(openDataDirectory(directory)).rejects.toThrow(`process ${holder.pid}`)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await using taken = await openDataDirectory(directory)
  expect(taken.path).toBe(directory)
})

it('says why a directory cannot be used', async () => {
  const file = path.join(parent, 'file')
  writeFileSync(file, '')
  await expect(openDataDirectory(path.join(file, 'd'))).rejects.toMatchObject({ code: 'data_dir_unusable' })
  await expect(openDataDirectory(file)).rejects.toMatchObject({ code: 'data_dir_unusable' })
})

it.runIf(process.getuid?.() === 0)(
  'refuses the directory of another user before anything is touched (needs root)',
  async () => {
    const directory = path.join(parent, 'd')
    const first = await openDataDirectory(directory)
    await first[Symbol.asyncDispose]()
    chownSync(path.join(directory, 'lock'), 65_534, 65_534)
    const before = readdirSync(directory)
    await expect(openDataDirectory(directory)).rejects.toMatchObject({
      code: 'data_dir_foreign',
      message: expect.stringContaining(`sudo chown -R root ${directory}`) as string,
    })
    expect(readdirSync(directory)).toEqual(before)
  },
)
