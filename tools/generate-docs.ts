// `npm run docs` writes docs/openapi.json, docs/errors.md and docs/actions.md from the contract; `npm run check` tells when they are out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { actionPage, allRoutes, errorPage, openApiDocument } from '../packages/api/src/index.ts'
import { root } from './processes.ts'

const generated: readonly { readonly file: string; readonly text: () => string }[] = [
  {
    file: 'docs/openapi.json',
    text: () => `${JSON.stringify(openApiDocument(allRoutes, version()), null, 1)}\n`,
  },
  { file: 'docs/errors.md', text: errorPage },
  { file: 'docs/actions.md', text: actionPage },
]

/** Prints the files that are out of date; true when there is none. */
export function checkGenerated(directory: string): boolean {
  const stale = generated.filter(({ file, text }) => {
    const at = path.join(directory, file)
    return !existsSync(at) || readFileSync(at, 'utf8') !== text()
  })
  for (const { file } of stale) console.error(`${file} is out of date; run: node tools/run.mjs docs`)
  return stale.length === 0
}

function generate(): void {
  for (const { file, text } of generated) writeFileSync(path.join(root, file), text())
}

function version(): string {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  return version
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // With a browser and a workspace, which the rest does without.
  if (process.argv.includes('screenshots')) await (await import('./screenshots.ts')).takeScreenshots()
  else generate()
}
