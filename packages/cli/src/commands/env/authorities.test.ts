import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { authoritiesFile } from './authorities.ts'

test('a file of authorities that is named already and ours become one, once', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-authorities-'))
  await using _removed = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) }
  const [ours, theirs] = [path.join(directory, 'ca.pem'), path.join(directory, 'theirs.pem')]
  await writeFile(ours, 'OURS\n')
  await writeFile(theirs, 'THEIRS')
  expect(await authoritiesFile(ours, undefined, directory)).toBe(ours)
  expect(await authoritiesFile(ours, ours, directory)).toBe(ours)
  const both = await authoritiesFile(ours, theirs, directory)
  expect(await readFile(both ?? '', 'utf8')).toBe('THEIRS\nOURS\n')
  // Asked again in the environment that it made, and by another shell.
  expect(await authoritiesFile(ours, both, directory)).toBe(both)
  expect(await authoritiesFile(ours, theirs, directory)).toBe(both)
  expect(await authoritiesFile(ours, path.join(directory, 'missing'), directory)).toMatch(
    /authorities-.*\.pem$/,
  )
  expect(await authoritiesFile(ours, theirs, path.join(directory, 'nowhere'))).toBeUndefined()
})
