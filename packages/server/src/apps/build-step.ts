// One command of a build: its output goes to the build's log, its failure is answered with the end of that output.
import { setTimeout as delay } from 'node:timers/promises'
import { LakeletError } from '../base/errors.ts'
import { readLines } from '../base/lines.ts'
import { type ConfinedCommand, endingOf, endRun, spawnConfined } from './confined-process.ts'
import { OutputTail } from './output-tail.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

const LINES_SHOWN = 40
/** How long output may still come after the command has ended: something it left running may hold the pipe for ever. */
const LAST_OUTPUT_MS = 1000

export interface BuildStep extends ConfinedCommand {
  /** What it runs in; this machine as it is where undefined. */
  readonly sandbox?: Sandbox | undefined
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Runs to the end, and ends what the command left running; LakeletError `app_build_failed`, or the signal's reason when it is aborted
 * (the command is killed then).
 */
export async function runBuildStep(step: BuildStep): Promise<void> {
  step.signal.throwIfAborted()
  const tail = new OutputTail(LINES_SHOWN)
  const onLine = (text: string) => {
    tail.add(text)
    step.onLine(text)
  }
  onLine(`$ ${step.command.join(' ')}`)
  const ending = await run(step, onLine)
  step.signal.throwIfAborted()
  if (ending === undefined) return
  throw new LakeletError('app_build_failed', {
    command: step.command.join(' '),
    ending,
    log: tail.toString(),
  })
}

/** How it ended; undefined for success. */
async function run(step: BuildStep, onLine: (text: string) => void): Promise<string | undefined> {
  const started = await spawnConfined(step)
  const { child } = started
  const written = Promise.all([
    readLines(child.stdout, onLine, { returnEndsLine: true }),
    readLines(child.stderr, onLine, { returnEndsLine: true }),
  ])
  const kill = () => void endRun(started, 0)
  step.signal.addEventListener('abort', kill, { once: true })
  if (step.signal.aborted) kill()
  try {
    await using _network = await step.sandbox?.open(child)
    const exit = await started.exited
    await Promise.race([written, delay(LAST_OUTPUT_MS, undefined, { ref: false })])
    return exit.code === 0 ? undefined : endingOf(exit)
  } finally {
    step.signal.removeEventListener('abort', kill)
    await endRun(started, 0)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}
