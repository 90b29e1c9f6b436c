import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { program } from '../src/index.ts'

const file = path.resolve(import.meta.dirname, '../../../docs/cli.md')

it('docs/cli.md lists every command (UPDATE_DOCS=1 writes the list)', async () => {
  const text = await readFile(file, 'utf8')
  const [start, end] = [/<!-- commands: [^>]*-->\n/, /<!-- end of commands -->/].map((mark) =>
    mark.exec(text),
  )
  if (!start || !end) throw new Error('docs/cli.md has lost the marks around its list of commands')
  const shown = program.commands
    .filter(({ hidden }) => !hidden)
    .toSorted((a, b) => a.path.join(' ').localeCompare(b.path.join(' ')))
    .map(({ path: words, summary }) => `| \`${words.join(' ')}\` | ${summary} |`)
  const list = ['| command | does |', '| --- | --- |', ...shown, ''].join('\n')
  const wanted = `${text.slice(0, start.index + start[0].length)}${list}${text.slice(end.index)}`
  if (process.env['UPDATE_DOCS']) await writeFile(file, wanted)
  expect(await readFile(file, 'utf8')).toBe(wanted)
})
