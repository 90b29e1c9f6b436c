import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { faultRows, programPages, withPrograms } from '../docs.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const remedy = 'run node --conditions=lakelet:source packages/connect/docs.ts'

test(`the pages show the programs that run (else ${remedy})`, async () => {
  const pages = await programPages()
  for (const page of pages) {
    const text = await readFile(page, 'utf8')
    expect(text).toBe(await withPrograms(text))
  }
  const programs = (await readdir(path.join(root, 'examples'))).filter((name) => name.startsWith('connect-'))
  expect(pages.map((page) => `connect-${path.basename(page, '.md')}`).sort()).toEqual(programs.sort())
})

test(`the fault page has every fault in the test's words (else ${remedy} --measure)`, async () => {
  const page = await readFile(path.join(root, 'docs/connect/what-happens-when.md'), 'utf8')
  for (const row of faultRows()) expect(page).toContain(row)
  expect(page).not.toContain('failed:')
})

test('links between the pages lead somewhere', async () => {
  const folder = path.join(root, 'docs/connect')
  const names = await readdir(folder)
  for (const name of names) {
    const text = await readFile(path.join(folder, name), 'utf8')
    for (const [, target] of text.matchAll(/\]\(([\w-]+\.md)\)/g)) expect(names).toContain(target)
  }
})
