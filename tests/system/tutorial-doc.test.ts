// docs/tutorial.md, executed: every fenced block marked `test`, in order, in one shell, with a home directory of its own.
// docs/tutorial.ja.md has the same blocks (but for the words of their comments), so what is run here holds for both.
//
// Two things differ from what a reader does, so that the test runs anywhere: `lakelet up` takes free ports, and 8000 is a free port.
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from './notes-app.ts'
import { type DocumentShell, patternOf, prepareShell, type Step, stepsOf } from './document-shell.ts'

const file = path.resolve(import.meta.dirname, '../../docs/tutorial.md')
const japanese = path.resolve(import.meta.dirname, '../../docs/tutorial.ja.md')

let directory: string
let shell: DocumentShell
let port: string

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-doc-'))
  await chmod(directory, 0o755)
  port = String(await freePort())
  shell = await prepareShell(directory, {
    // Where the templates listen when nothing else is said; 8000 for a reader.
    DATABRICKS_APP_PORT: port,
  })
})

afterAll(async () => {
  await shell?.[Symbol.asyncDispose]()
  if (!process.env['KEEP_TEST_WORKSPACES']) await rm(directory, { recursive: true, force: true })
})

it('does what it says', { timeout: 600_000 }, async () => {
  const steps = stepsOf('docs/tutorial.md', (await readFile(file, 'utf8')).replaceAll('8000', port))
  expect(steps.length).toBeGreaterThan(20)
  for (const step of steps) {
    const printed = await shell.perform(step)
    if (step.output === undefined) continue
    expect(printed, `docs/tutorial.md, line ${step.line}:\n${step.script}`).toMatch(patternOf(step.output))
  }
})

it('asks for the same in Japanese', async () => {
  const [there, here] = await Promise.all([readFile(japanese, 'utf8'), readFile(file, 'utf8')])
  expect(stepsOf('', there).map(asked)).toEqual(stepsOf('', here).map(asked))
  // What readers are to see must be written in their language.
  const prose = there.replaceAll(/^```[\s\S]*?^```$|<!--.*-->|^\[.*$/gm, '').split(/\n\n+/)
  expect(prose.filter((each) => each.trim() !== '' && !/[\u3040-\u30ff]/.test(each))).toEqual([])
})

/** What a step does and prints, whatever its comments say. */
function asked({ kind, name, script, output }: Step): object {
  return { kind, name, script: script.replaceAll(/^-- .*$/gm, ''), output }
}
