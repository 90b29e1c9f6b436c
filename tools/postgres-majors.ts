// Major versions of Postgres are known in one place, `packages/server/src/postgres`: nowhere else may the sources name one.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const PACKAGES = ['api', 'server', 'cli', 'console']
const KNOWS = path.join('packages', 'server', 'src', 'postgres')

/** A number of two digits that stands near a word for Postgres or its version, or is one of a few that nothing else is. */
const MAJOR = /(postgres|pg_?version|\bpg|major)[^\n]{0,40}\b1[5-9]\b|\b17\b/i

/** Lines of `text` that name a major version, counted from 1. */
export function linesWithMajor(text: string): number[] {
  return text.split('\n').flatMap((line, index) => (MAJOR.test(line) ? [index + 1] : []))
}

/** Prints where a major version is named outside of its place; true when nowhere. */
export function checkPostgresMajors(root: string): boolean {
  const found = PACKAGES.flatMap((name) => sourcesOf(path.join(root, 'packages', name, 'src')))
    .map((file) => path.relative(root, file))
    .filter((file) => !file.startsWith(KNOWS))
    .flatMap((file) =>
      linesWithMajor(readFileSync(path.join(root, file), 'utf8')).map((line) => `${file}:${line}`),
    )
  for (const place of found)
    console.error(
      `${place} names a major version of Postgres; ask postgres/releases.ts or the project instead`,
    )
  return found.length === 0
}

function sourcesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
}
