// A rule may be broken with a reason: whoever switches one off for a line or a file says why, after ` -- `.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const PLACES = ['packages', 'tools', 'tests', 'benchmarks', 'examples']

/** Lines of `text` that switch a rule off without a word, counted from 1. */
export function linesWithoutReason(text: string): number[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*(\/\/|\/\*|\{\/\*) oxlint-disable/.test(line) && !/ -- \w/.test(line) ? [index + 1] : [],
    )
}

/** Prints where a rule is switched off without a reason; true when nowhere. */
export function checkLintReasons(root: string): boolean {
  const found = PLACES.flatMap((place) => sourcesOf(path.join(root, place))).flatMap((file) =>
    linesWithoutReason(readFileSync(file, 'utf8')).map((line) => `${path.relative(root, file)}:${line}`),
  )
  for (const place of found) console.error(`${place} switches a rule off; say why after ' -- '`)
  return found.length === 0
}

function sourcesOf(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return []
    const at = path.join(directory, entry.name)
    if (entry.isDirectory()) return sourcesOf(at)
    return entry.isFile() && /\.(tsx?|mjs)$/.test(entry.name) ? [at] : []
  })
}
