// The pages of docs/: the index names all of them, no link is dead, and every command that they show is one that the program takes.
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { program } from '../src/index.ts'

const docs = path.resolve(import.meta.dirname, '../../../docs')
const own = ['README.md', 'apps.md', 'backup.md', 'dev.md']

it('the index leads to every page, and no link of these pages is dead', async () => {
  const index = await readFile(path.join(docs, 'README.md'), 'utf8')
  const pages = (await readdir(docs)).filter((name) => /\.(md|json)$/.test(name) && !/^README\b/.test(name))
  for (const page of pages.filter((name) => !name.endsWith('.ja.md'))) expect(index).toContain(`](${page})`)
  for (const name of own) {
    const text = await readFile(path.join(docs, name), 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\(([^)#:]+)[^)]*\)/g))
      await expect(readFile(path.join(docs, link)), `${name}: ${link}`).resolves.toBeDefined()
  }
})

it.each(own)('%s shows only commands and flags that exist', async (name) => {
  const text = await readFile(path.join(docs, name), 'utf8')
  for (const [, line = ''] of text.matchAll(/(?:^|`|\(|\$\()lakelet ([a-z][^`\n)]*)/gm)) {
    const words = line.split(/\s+/)
    const command = program.commands
      .filter(({ path: parts }) => parts.every((part, at) => words[at] === part))
      .toSorted((a, b) => b.path.length - a.path.length)[0]
    expect(command, line).toBeDefined()
    const end = words.includes('--') ? words.indexOf('--') : words.length
    const flags = words
      .slice(0, end)
      .filter((word) => word.startsWith('--'))
      .map((word) => word.slice(2))
    const known = Object.keys(command?.options ?? {}).map((key) =>
      key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    )
    expect([...known, 'data-dir', 'field', 'profile', 'output', 'debug']).toEqual(
      expect.arrayContaining(flags),
    )
  }
})
