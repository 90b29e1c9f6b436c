import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listLocalFiles } from './local-files.ts'
import { remoteNameOf } from './remote-name.ts'

let home: string
let root: string

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'lakelet-sync-'))
  root = path.join(home, 'work')
  await mkdir(root)
})

afterEach(() => rm(home, { recursive: true }))

async function put(name: string, text = ''): Promise<void> {
  await mkdir(path.dirname(path.join(root, name)), { recursive: true })
  await writeFile(path.join(root, name), text)
}

/** With the developer's own configuration of git out of the way. */
const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  GIT_CONFIG_NOSYSTEM: '1',
})

const git = (...args: string[]) =>
  execFileSync('git', ['-C', root, ...args], { env: environment(), encoding: 'utf8' })

const both = [
  ['git', environment],
  ['the library', () => ({ ...environment(), PATH: '/nowhere' })],
] as const

describe.each(both)('the files of a folder, by %s', (_, env) => {
  const names = async (folder = '', selection = {}) => {
    const { files } = await listLocalFiles(
      path.join(root, folder),
      { exclude: [], include: [], ...selection },
      env(),
    )
    return files.map(({ name }) => name)
  }

  it('honours .gitignore files at every depth and never takes the folders of tools', async () => {
    await put('.gitignore', '*.log\n/build/\nnode_modules\n')
    await put('a.txt')
    await put('a.log')
    await put('build/out.js')
    await put('src/build/keep.js')
    await put('src/.gitignore', '!important.log\n*.tmp\n')
    await put('src/important.log')
    await put('src/x.tmp')
    await put('node_modules/m/index.js')
    await put('.git/config')
    await put('.databricks/sync-snapshots/x.json')
    expect(await names()).toEqual([
      '.gitignore',
      'a.txt',
      'src/.gitignore',
      'src/build/keep.js',
      'src/important.log',
    ])
    expect(await names('', { exclude: ['src/'] })).toEqual(['.gitignore', 'a.txt'])
    expect(await names('', { include: ['build/'] })).toContain('build/out.js')
  })

  it('knows the excludes of the repository and of the user', async () => {
    git('init', '--quiet')
    await put('.git/info/exclude', '.env\n')
    await mkdir(path.join(home, '.config/git'), { recursive: true })
    await writeFile(path.join(home, '.config/git/ignore'), '*.swp\n')
    for (const name of ['.env', 'sub/.env', 'x.swp', 'kept']) await put(name)
    expect(await names()).toEqual(['kept'])
    await writeFile(path.join(home, 'mine'), 'kept\n')
    await writeFile(path.join(home, '.gitconfig'), '[user]\n\tname = x\n[core]\n\texcludesFile = ~/mine\n')
    expect(await names()).toEqual(['x.swp'])
  })

  it('asks the whole repository when a folder inside is synced', async () => {
    git('init', '--quiet')
    await put('.gitignore', '*.secret\n/app/local/\ndist/\n')
    await put('app/.gitignore', '!shown.secret\n')
    for (const name of ['a.py', 'a.secret', 'shown.secret', 'local/x', 'dist/y']) await put(`app/${name}`)
    await put('dist/z')
    expect(await names('app')).toEqual(['.gitignore', 'a.py', 'shown.secret'])
    expect(await names('dist')).toEqual([])
    expect(await names('dist', { include: ['*'] })).toEqual(['z'])
  })

  it('leaves out links, data directories of a workspace, and what a repository inside ignores', async () => {
    await put('real.txt')
    await put('folder/inside.txt')
    await symlink('real.txt', path.join(root, 'link.txt'))
    await symlink('nowhere', path.join(root, 'broken'))
    await symlink('folder', path.join(root, 'linked-folder'))
    await put('.lakelet/lock')
    await put('.lakelet/metadata.sqlite')
    await put('nested/.git/info/exclude', 'hidden\n')
    await put('nested/.gitignore', '*.o\n')
    for (const name of ['nested/x.o', 'nested/x.c']) await put(name)
    expect(await names()).toEqual(['folder/inside.txt', 'nested/.gitignore', 'nested/x.c', 'real.txt'])
  })

  it('leaves secrets and installed packages here unless asked for them', async () => {
    for (const name of ['.env', 'sub/.env.local', 'sub/.env.example', 'node_modules/m/index.js', 'a.env'])
      await put(name)
    const { files, leftOut } = await listLocalFiles(root, { exclude: [], include: [] }, env())
    expect(files.map(({ name }) => name)).toEqual(['a.env', 'sub/.env.example'])
    expect(leftOut.toSorted()).toEqual(['.env', 'node_modules/', 'sub/.env.local'])
    const include = ['.env', 'node_modules/']
    expect(await names('', { include })).toEqual([
      '.env',
      'a.env',
      'node_modules/m/index.js',
      'sub/.env.example',
    ])
  })

  it('never takes a data directory, whatever is missing from it', async () => {
    await put('a.py')
    for (const name of ['d/lock', 'd/lakelet.log', 'd/tls/key.pem', 'e/deep/lock', 'e/deep/databrickscfg'])
      await put(name)
    expect(await names('', { include: ['*'] })).toEqual(['a.py'])
  })

  it('lets the last of several patterns decide', async () => {
    await put('.gitignore', 'ignored/\n')
    for (const name of ['ignored/a.py', 'ignored/deep/b.py', 'ignored/deep/big', 'c.py']) await put(name)
    const include = ['ignored/**', '!ignored/deep/big']
    expect(await names('', { include })).toEqual(['.gitignore', 'c.py', 'ignored/a.py', 'ignored/deep/b.py'])
    expect(await names('', { include: ['ignored/*.py'] })).toEqual(['.gitignore', 'c.py', 'ignored/a.py'])
    expect(await names('', { exclude: ['*.py', '!c.py'] })).toEqual(['.gitignore', 'c.py'])
  })
})

it('agrees with git check-ignore, with and without git', async () => {
  git('init', '--quiet')
  await put(
    '.gitignore',
    'a*\n!ab\n/deep/*\n!/deep/kept\n**/mid/**/leaf\nx\\ y \nfoo[0-9]\n\\!bang\n# no\n\\#hash\nsub/only/\n',
  )
  await put('deep/kept/.gitignore', '/own\n!abc\ntail/\n')
  await put('b[1] x/.gitignore', 'inner\n')
  const all = [
    'a1 ab abc deep/one deep/kept/abc deep/kept/own deep/kept/sub/own deep/kept/tail/f deep/kept/n/tail',
    'mid/leaf mid/q/leaf z/mid/q/r/leaf z/leaf foo1 foox !bang #hash sub/only/f sub/sub/only/f',
  ]
    .join(' ')
    .split(' ')
    .concat(['x y', 'b[1] x/inner', 'b[1] x/outer', 'b1 x/inner'])
  for (const name of all) await put(name)
  const git_ = git('ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0').filter(Boolean)
  for (const [, env] of both) {
    const { files } = await listLocalFiles(root, { exclude: [], include: [] }, env())
    expect(files.map(({ name }) => name)).toEqual(git_.toSorted((a, b) => (a < b ? -1 : 1)))
  }
})

it('takes a tracked file although a pattern names it, as git does', async () => {
  git('init', '--quiet')
  await put('tracked.log')
  await put('other.log')
  git('add', 'tracked.log')
  await put('.gitignore', '*.log\n')
  const { files } = await listLocalFiles(root, { exclude: [], include: [] }, environment())
  expect(files.map(({ name }) => name)).toEqual(['.gitignore', 'tracked.log'])
})

it('knows which files become notebooks', async () => {
  await put('n.py', '# Databricks notebook source\nprint(1)\n')
  await put('n.sql', '-- Databricks notebook source\r\nSELECT 1')
  await put('plain.py', 'print(1)\n# Databricks notebook source\n')
  await put('almost.py', '# Databricks notebook source code\n')
  await put('j.ipynb', '{"cells":[],"nbformat":4}')
  await put('broken.ipynb', '{')
  expect(await remoteNameOf(root, 'j.ipynb')).toBe('j')
  expect(await remoteNameOf(root, 'broken.ipynb')).toBe('broken.ipynb')
  expect(await remoteNameOf(root, 'n.py')).toBe('n')
  expect(await remoteNameOf(root, 'n.sql')).toBe('n')
  expect(await remoteNameOf(root, 'plain.py')).toBe('plain.py')
  expect(await remoteNameOf(root, 'almost.py')).toBe('almost.py')
})
