// One command of a build: its output goes to the build's log, its failure is answered with the end of that output.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { LakeletError } from '../base/errors.ts'
import { signalGroup } from './app-process.ts'

const LINES_SHOWN = 40

export interface BuildStep {
  readonly command: readonly string[]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** Runs to the end; LakeletError `app_build_failed`, or the signal's reason when it is aborted (the command is killed then). */
export async function runBuildStep(step: BuildStep): Promise<void> {
  step.signal.throwIfAborted()
  const tail: string[] = []
  const line = (text: string) => {
    tail.push(text)
    if (tail.length > LINES_SHOWN) tail.shift()
    step.onLine(text)
  }
  line(`$ ${step.command.join(' ')}`)
  const ending = await run(step, line)
  step.signal.throwIfAborted()
  if (ending === undefined) return
  throw new LakeletError('app_build_failed', {
    command: step.command.join(' '),
    ending,
    log: tail.join('\n'),
  })
}

/** How it ended; undefined for success. */
function run(step: BuildStep, line: (text: string) => void): Promise<string | undefined> {
  const [program = '', ...words] = step.command
  const child = spawn(program, words, {
    cwd: step.directory,
    env: step.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
  }
  step.signal.addEventListener('abort', kill, { once: true })
  readLines(child.stdout, line)
  readLines(child.stderr, line)
  return new Promise<string | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'ENOENT' ? 'is not a program on this machine' : `could not be run (${error.message})`,
      )
    })
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined)
      else resolve(signal === null ? `exited with code ${code}` : `was killed by ${signal}`)
    })
  }).finally(() => {
    step.signal.removeEventListener('abort', kill)
  })
}

function readLines(stream: Readable, line: (text: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', line)
}
