// psql as a child process on this terminal.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { exitCodes, Failure } from '../command/failure.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The psql that LAKELET_PSQL names, else that of PATH. */
export function findPsql(env: Environment): string | undefined {
  return env['LAKELET_PSQL'] || findInPath('psql', env['PATH'] ?? '')
}

/** Says how to get one, and what needs none. */
export function noPsql(): Failure {
  return new Failure('There is no psql on this machine.', {
    todo: "Install it (Debian: 'apt install postgresql-client', macOS: 'brew install libpq'), or use 'lakelet sql', which needs none.",
  })
}

function findInPath(name: string, searched: string): string | undefined {
  return searched
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Runs it to its end; ends it when `signal` is aborted. What it says on standard error is shown and, unless that is a terminal, given, the last of it. */
export async function runPsql(
  program: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly stderr: string }> {
  // At a terminal it writes there itself, or a message might come after the prompt that follows it.
  const isTerminal = process.stderr.isTTY
  const child = spawn(program, args, {
    stdio: ['inherit', 'inherit', isTerminal ? 'inherit' : 'pipe'],
    env,
  })
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk)
    stderr = `${stderr}${chunk.toString()}`.slice(-4096)
  })
  const end = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  try {
    return { code: await exitCodeOf(child), stderr }
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function exitCodeOf(child: ChildProcess): Promise<number> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return code ?? (signal === 'SIGTERM' ? exitCodes.interrupted : exitCodes.failure)
}
