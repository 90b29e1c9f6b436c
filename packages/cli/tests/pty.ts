// A program on a real pseudo-terminal, by `script` of util-linux: what it writes is read, keys are typed.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether this machine has a program; tests that need it skip with this reason otherwise. */
export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** A busy machine is slow, not wrong. */
const SHOWN_WITHIN_MS = 60_000

export class PseudoTerminal implements AsyncDisposable {
  /** Everything that was written so far, control codes included. */
  output = ''
  readonly #child
  readonly #ended: Promise<number | null>

  constructor(
    command: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    // `script` runs the line by $SHELL, and passes its exit code on with -e.
    this.#child = spawn('script', ['-qfec', line, '/dev/null'], {
      cwd: options.cwd,
      env: { ...options.env, SHELL: '/bin/sh', TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    this.#child.stdin.on('error', () => {})
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null)
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits until what was written from character `from` on matches. */
  async shows(pattern: RegExp, from = 0): Promise<void> {
    const deadline = performance.now() + SHOWN_WITHIN_MS
    while (!pattern.test(this.output.slice(from))) {
      if (performance.now() > deadline)
        throw new Error(`${pattern} was not shown:\n${JSON.stringify(this.output.slice(from))}`)
      await sleep(50)
    }
  }

  /** The exit code, when it has ended. */
  ended(): Promise<number | null> {
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await this.#ended
  }
}
