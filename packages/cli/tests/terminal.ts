// A terminal for tests: streams are strings, the environment and the directories are given.
import type { Terminal } from '../src/index.ts'
import { run } from '../src/index.ts'

export interface TestTerminalOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd: string
  readonly home?: string
  readonly input?: string
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process. */
export async function runLakelet(
  argv: readonly string[],
  options: TestTerminalOptions,
  signal?: AbortSignal,
): Promise<Ran> {
  const written = { stdout: '', stderr: '' }
  const terminal: Terminal = {
    env: options.env ?? {},
    cwd: options.cwd,
    home: options.home ?? options.cwd,
    isInteractive: false,
    stdout: (chunk) => (written.stdout += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()),
    stderr: (line) => (written.stderr += line),
    readStdin: () => Promise.resolve(options.input ?? ''),
    fetch,
    ignoreInterrupts: () => {},
  }
  const code = await run(argv, terminal, signal)
  return { code, ...written }
}
