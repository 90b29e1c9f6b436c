// `npm run check`: format, lint, types, boundaries, generated files, lock file, dead code. Each is an error.
import { pathToFileURL } from 'node:url'
import { checkBoundaries } from './boundaries.ts'
import { checkGenerated } from './generate-docs.ts'
import { checkLockFile } from './lock-file.ts'
import { checkLintReasons } from './lint-reasons.ts'
import { checkPostgresMajors } from './postgres-majors.ts'
import { root, runTool } from './processes.ts'

const steps: readonly (readonly [name: string, run: () => Promise<boolean>])[] = [
  ['format', async () => (await runTool('oxfmt', ['--check', '.'])) === 0],
  ['lint', async () => (await runTool('oxlint', ['--type-aware', '--quiet', '.'])) === 0],
  ['reasons', async () => checkLintReasons(root)],
  ['types', async () => (await runTool('tsc', ['-p', 'tsconfig.json'])) === 0],
  // The console runs in browsers, so it has other types around it.
  ['console types', async () => (await runTool('tsc', ['-p', 'packages/console/tsconfig.json'])) === 0],
  ['boundaries', async () => checkBoundaries(root)],
  ['Postgres versions', async () => checkPostgresMajors(root)],
  ['generated files', async () => checkGenerated(root)],
  ['lock file', async () => checkLockFile({ write: false })],
  ['dead code', async () => (await runTool('knip', [])) === 0],
]

/** Runs every check, also after one failed; true when all passed. */
export async function check(): Promise<boolean> {
  const failed: string[] = []
  for (const [name, step] of steps) {
    if (!(await step())) failed.push(name)
  }
  console.log(
    failed.length === 0
      ? `checks passed: ${steps.map(([name]) => name).join(', ')}`
      : `checks failed: ${failed.join(', ')}`,
  )
  return failed.length === 0
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await check()) ? 0 : 1
}
