// Programs that use a client as its users do, in the client's own language. A program writes a line of JSON for each of its named checks;
// the names are read from its text, so that each check is a test of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, it, type TestContext } from 'vitest'
import { RegistryUnreachable } from './registry.ts'

/** A program that hangs is ended, and its remaining checks fail. */
const LONGEST_RUN_MS = 150_000

export interface Outcome {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly detail: string
}

/** The names in the `@check("…")` and `check('…', …)` lines of a program. */
export function checksIn(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^[\t ]*@?check\((["'])(.*?)\1[,)]/gm)].map(([, , name = '']) => name)
}

/** Runs a program to its end. Rejects with what it wrote when no check was reported. */
export async function runChecks(
  [command = '', ...args]: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
): Promise<readonly Outcome[]> {
  const limit = { timeout: LONGEST_RUN_MS, killSignal: 'SIGKILL' } as const
  const child = spawn(command, args, { ...options, ...limit, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()))
  await once(child, 'close')
  const outcomes = written.stdout
    .split('\n')
    .filter((line) => line.startsWith('{"name"'))
    .map((line) => JSON.parse(line) as Outcome)
  if (outcomes.length === 0) throw new Error(`the checks did not run:\n${written.stderr}`)
  return outcomes
}

/** What went wrong in a check, empty when nothing did; a check that skipped itself skips the test. */
export function failureOf(
  outcomes: readonly Outcome[] | undefined,
  name: string,
  context: TestContext,
): string {
  const outcome = outcomes?.find((each) => each.name === name)
  if (outcome?.outcome === 'skipped') context.skip(outcome.detail)
  return outcome?.detail ?? `the program ended before '${name}'`
}

/** A test for each check of a program; `run` gives its outcomes, or why it cannot run here. */
export function programTests(program: string, run: () => Promise<readonly Outcome[] | string>): void {
  let outcomes: readonly Outcome[] = []
  let reasonToSkip: string | undefined
  beforeAll(async () => {
    try {
      const result = await run()
      if (typeof result === 'string') reasonToSkip = result
      else outcomes = result
    } catch (error) {
      if (!(error instanceof RegistryUnreachable)) throw error
      reasonToSkip = error.message
    }
  }, 300_000)
  it.for(checksIn(program))('%s', (name, context) => {
    if (reasonToSkip !== undefined) context.skip(reasonToSkip)
    expect(failureOf(outcomes, name, context)).toBe('')
  })
}
