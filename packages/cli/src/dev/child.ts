// A program that `lakelet dev` runs: in a process group of its own, which signals reach as a whole and of which nothing is left at the end.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../command/failure.ts'
import type { Board, Color, Writer } from './board.ts'

export interface Program {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How what it writes is shown; without it gets the terminal itself. */
export interface Shown {
  readonly board: Board
  readonly name: string
  readonly color: Color
}

/** After this long a group that was told to end is ended hard, in ms: by a signal to end, and by a second Ctrl-C. */
const GRACE_MS = { SIGTERM: 10_000, SIGINT: 3000 } as const
const LEFT_OVER_GRACE_MS = 3000
/** How long output is waited for that a program outside the group may still hold open, in ms. */
const LAST_WORDS_MS = 1000
/** How often it is asked whether a group is gone, in ms. */
const PAUSE_MS = 50

export class Child {
  readonly #process: ChildProcess
  readonly #ownGroup: boolean
  readonly #writers: readonly Writer[]
  #interrupts = 0

  /** Starts it. */
  constructor({ command: [file = '', ...args], cwd, env }: Program, shown: Shown | undefined) {
    // With the terminal itself it stays in the terminal's group: another one could not read from it.
    this.#ownGroup = shown !== undefined
    this.#process = spawn(file, args, {
      cwd,
      env,
      detached: this.#ownGroup,
      stdio: shown ? ['inherit', 'pipe', 'pipe'] : 'inherit',
    })
    this.#writers = shown ? pipes(this.#process, shown) : []
  }

  /** Passes a signal on. What does not end then is ended hard after a while; a first Ctrl-C may take its time. */
  tell(signal: NodeJS.Signals): void {
    // With the terminal itself it got the key already, and may well go on: psql ends a query.
    if (!this.#ownGroup && signal === 'SIGINT') return
    this.#send(signal)
    if (signal === 'SIGINT' && ++this.#interrupts === 1) return
    const graceMs = signal === 'SIGINT' ? GRACE_MS.SIGINT : GRACE_MS.SIGTERM
    setTimeout(() => this.#send('SIGKILL'), graceMs).unref()
  }

  /** Its exit code, as a shell gives it, when nothing of its group is left. Rejects with a Failure where it could not be started. */
  async ended(): Promise<number> {
    const code = await exitCodeOf(this.#process)
    if (this.#ownGroup) await this.#endLeftOvers()
    for (const writer of this.#writers) writer.end()
    return code
  }

  async #endLeftOvers(): Promise<void> {
    if (this.#send('SIGTERM')) {
      const deadline = performance.now() + LEFT_OVER_GRACE_MS
      while (this.#send(0) && performance.now() < deadline) await sleep(PAUSE_MS)
      this.#send('SIGKILL')
    }
    // What was written last may still be on its way.
    const { stdout, stderr } = this.#process
    const open = [stdout, stderr].flatMap((each) => (each?.closed === false ? [each] : []))
    await Promise.race([Promise.all(open.map((each) => once(each, 'close'))), sleep(LAST_WORDS_MS)])
  }

  /** Whether there was somebody to tell. */
  #send(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#process
    if (pid === undefined) return false
    if (!this.#ownGroup) return signal === 0 ? this.#process.exitCode === null : this.#process.kill(signal)
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }
}

function pipes({ stdout, stderr }: ChildProcess, { board, name, color }: Shown): Writer[] {
  return (
    [
      [stdout, 'stdout'],
      [stderr, 'stderr'],
    ] as const
  ).map(([source, stream]) => {
    const writer = board.writer(name, stream, color)
    source?.setEncoding('utf8').on('data', (text: string) => writer.write(text))
    return writer
  })
}

async function exitCodeOf(child: ChildProcess): Promise<number> {
  const [file = ''] = child.spawnargs
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + constants.signals[signal ?? 'SIGKILL']
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new Failure(`'${file}' cannot be run: ${isMissing ? 'there is no such program' : String(cause)}.`, {
      exitCode: isMissing ? 127 : 126,
      todo: "What follows -- is a program and its arguments; a line for the shell is given as -- sh -c '…'.",
      cause,
    })
  }
}
