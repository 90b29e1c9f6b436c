import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listLocalFiles } from './local-files.ts'
import { remoteNameOf } from './remote-name.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lakelet-sync-'))
})

afterEach(() => rm(root, { recursive: true }))

async function put(name: string, text = ''): Promise<void> {
  await mkdir(path.dirname(path.join(root, name)), { recursive: true })
  await writeFile(path.join(root, name), text)
}

const names = async (selection = {}) =>
  (await listLocalFiles(root, { exclude: [], include: [], ...selection })).map(({ name }) => name)

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
  expect(await names({ exclude: ['src/'] })).toEqual(['.gitignore', 'a.txt'])
  expect(await names({ include: ['build/'] })).toContain('build/out.js')
})

it('follows links to files and leaves out broken ones', async () => {
  await put('real.txt')
  await symlink('real.txt', path.join(root, 'link.txt'))
  await symlink('nowhere', path.join(root, 'broken'))
  await symlink('.', path.join(root, 'circle'))
  expect(await names()).toEqual(['link.txt', 'real.txt'])
})

it('knows which files become notebooks', async () => {
  await put('n.py', '# Databricks notebook source\nprint(1)\n')
  await put('n.sql', '-- Databricks notebook source\r\nSELECT 1')
  await put('plain.py', 'print(1)\n# Databricks notebook source\n')
  await put('almost.py', '# Databricks notebook source code\n')
  expect(await remoteNameOf(root, 'n.py')).toBe('n')
  expect(await remoteNameOf(root, 'n.sql')).toBe('n')
  expect(await remoteNameOf(root, 'plain.py')).toBe('plain.py')
  expect(await remoteNameOf(root, 'almost.py')).toBe('almost.py')
})
