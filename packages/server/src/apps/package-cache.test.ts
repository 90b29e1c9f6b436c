import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodePackagesKey, PackageCache, pythonPackagesKey } from './package-cache.ts'
import { inspectSource } from './start-command.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-cache-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

async function sourceWith(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(path.join(directory, 'source-'))
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  return inspectSource(folder)
}

async function nodeKey(packageJson: object, more: Readonly<Record<string, string>> = {}) {
  return nodePackagesKey(await sourceWith({ 'package.json': JSON.stringify(packageJson), ...more }))
}

describe('nodePackagesKey', () => {
  it('changes with what decides the packages, and with nothing else', async () => {
    const plain = await nodeKey({ dependencies: { hono: '4.0.0' } })
    expect(await nodeKey({ dependencies: { hono: '4.0.0' } }, { 'app.js': 'new code' })).toBe(plain)
    expect(await nodeKey({ dependencies: { hono: '4.0.1' } })).not.toBe(plain)
    expect(await nodeKey({ dependencies: { hono: '4.0.0' } }, { 'package-lock.json': '{}' })).not.toBe(plain)
  })

  it('reads the files that dependencies name', async () => {
    const packageJson = { dependencies: { own: 'file:own.tgz' } }
    const one = await nodeKey(packageJson, { 'own.tgz': 'one' })
    expect(one).toBeDefined()
    expect(await nodeKey(packageJson, { 'own.tgz': 'two' })).not.toBe(one)
  })

  it.each([
    [{ scripts: { postinstall: 'node generate.js' } }],
    [{ workspaces: ['packages/*'] }],
    [{ dependencies: { own: 'file:./folder' } }],
    [{ dependencies: { own: 'link:../folder' } }],
  ])('is none where an install does more: %j', async (packageJson) => {
    expect(await nodeKey(packageJson)).toBeUndefined()
  })
})

describe('pythonPackagesKey', () => {
  const identity = '3.11.7 /usr/bin/python3'

  it('changes with the interpreter, the file and the files it includes', async () => {
    const source = await sourceWith({ 'requirements.txt': 'flask\n-r more.txt\n', 'more.txt': 'psycopg' })
    const key = await pythonPackagesKey(source, identity)
    expect(key).toMatch(/^[0-9a-f]{32}$/)
    expect(await pythonPackagesKey(source, '3.12.0 /usr/bin/python3')).not.toBe(key)
    const other = await sourceWith({
      'requirements.txt': 'flask\n-r more.txt\n',
      'more.txt': 'psycopg[pool]',
    })
    expect(await pythonPackagesKey(other, identity)).not.toBe(key)
  })

  it('survives files that include each other', async () => {
    const source = await sourceWith({ 'requirements.txt': '-r b.txt', 'b.txt': '-r requirements.txt' })
    expect(await pythonPackagesKey(source, identity)).toBeDefined()
  })

  it.each(['-e .', './local', 'own @ file:own', '/abs/x.whl'])('is none for %s', async (line) => {
    const source = await sourceWith({ 'requirements.txt': `flask\n${line}\n` })
    expect(await pythonPackagesKey(source, identity)).toBeUndefined()
  })
})

describe('PackageCache', () => {
  it('gives Node packages back as they were, links included', async () => {
    const cache = new PackageCache(path.join(directory, 'cache'))
    const modules = path.join(directory, 'node_modules')
    await mkdir(path.join(modules, '.bin'), { recursive: true })
    await writeFile(path.join(modules, 'tool.js'), 'tool')
    await symlink('../tool.js', path.join(modules, '.bin', 'tool'))
    expect(await cache.restoreNode('k', path.join(directory, 'again'))).toBe(false)
    await cache.storeNode('k', modules)
    await rm(modules, { recursive: true })
    expect(await cache.restoreNode('k', modules)).toBe(true)
    expect(await readFile(path.join(modules, '.bin', 'tool'), 'utf8')).toBe('tool')
  })

  it('makes a Python environment once, and again when the first try failed', async () => {
    const cache = new PackageCache(path.join(directory, 'cache'))
    let tries = 0
    const install = async (venv: string) => {
      tries += 1
      await mkdir(venv, { recursive: true })
      if (tries === 1) throw new Error('no network')
    }
    const make = () => cache.pythonEnvironment('k', install, () => undefined)
    await expect(make()).rejects.toThrow('no network')
    expect(new Set(await Promise.all([make(), make(), make()])).size).toBe(1)
    expect(tries).toBe(2)
  })

  it('removes the oldest entries, but none in use', async () => {
    const cache = new PackageCache(path.join(directory, 'cache'))
    const entryOf = (index: number) => path.join(directory, 'cache', 'python', `k${index}`)
    for (let index = 0; index < 15; index += 1) {
      await mkdir(entryOf(index), { recursive: true })
      await utimes(entryOf(index), index + 1, index + 1)
    }
    await cache.prune([path.join(entryOf(0), 'bin')])
    const exists = await Promise.all(
      [0, 1, 2, 3, 14].map((index) =>
        readFile(entryOf(index)).then(
          () => true,
          (error: NodeJS.ErrnoException) => error.code === 'EISDIR',
        ),
      ),
    )
    expect(exists).toEqual([true, false, false, true, true])
  })
})
