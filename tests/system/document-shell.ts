// Runs the shell blocks of a document as one shell would, and looks at what they print.
//
//   ```sh test               runs; the block that follows as ```text output is what it prints
//   ```sh test retry         runs again for a while until it succeeds
//   ```sh test background=x  runs beside the others until `<!-- test: stop x -->` or the end
//   …                        in an output block: any text
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cliCommand, environment, runCommand } from './workspace.ts'

/** One thing to do. */
export interface Step {
  readonly line: number
  /** The document, for messages. */
  readonly document: string
  readonly kind: 'run' | 'retry' | 'background' | 'stop'
  /** Of a background block, and of the stop that ends it. */
  readonly name: string
  readonly script: string
  readonly output: string | undefined
}

/** What the blocks of `text` ask for, in order. `isRun` says of a block of the shell, by the words after its language, whether it is run. */
export function stepsOf(
  document: string,
  text: string,
  isRun = (words: readonly string[]) => words[0] === 'test',
): Step[] {
  const blocks = /^```(\w+)(?: ([^\n]*))?\n([\s\S]*?)^```$|^<!-- test: stop (\w+) -->$/gm
  const steps: Step[] = []
  for (const match of text.matchAll(blocks)) {
    const [, language, info = '', body = '', stopped] = match
    const line = text.slice(0, match.index).split('\n').length
    const words = info.split(' ')
    const name = /background=(\w+)/.exec(info)?.[1]
    const last = steps.at(-1)
    if (stopped) steps.push({ line, document, kind: 'stop', name: stopped, script: '', output: undefined })
    else if (language === 'text' && words[0] === 'output' && last) {
      steps[steps.length - 1] = { ...last, output: body }
    } else if (language === 'sh' && isRun(words)) {
      const kind = name ? 'background' : words.includes('retry') ? 'retry' : 'run'
      steps.push({ line, document, kind, name: name ?? '', script: body, output: undefined })
    }
  }
  return steps
}

/** Matches the whole text; `…` stands for anything. */
export function patternOf(output: string): RegExp {
  const parts = output.trim().split('…')
  return new RegExp(
    `^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[\\s\\S]*?')}$`,
  )
}

const READY_MS = 90_000
const RETRY_MS = 60_000

/** Runs the blocks as one shell would: variables and the directory carry over from one to the next. */
export class DocumentShell implements AsyncDisposable {
  readonly #directory: string
  readonly #env: Readonly<Record<string, string>>
  readonly #background = new Map<string, { readonly child: ChildProcess; log: string }>()

  constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory
    this.#env = env
  }

  /** Performs a step and gives what it printed on standard output (both streams for a background block). */
  async perform(step: Step): Promise<string> {
    if (step.kind === 'stop') {
      await this.#stop(step.name)
      return ''
    }
    return step.kind === 'background' ? this.#start(step) : this.#run(step)
  }

  async #run(step: Step): Promise<string> {
    const deadline = Date.now() + (step.kind === 'retry' ? RETRY_MS : 0)
    for (;;) {
      const options = { cwd: this.#directory, env: this.#env }
      const { code, stdout, stderr } = await runCommand(
        ['bash', '--norc', '-c', this.#script(step.script, true)],
        options,
      )
      if (code === 0) return stdout.trim()
      if (Date.now() > deadline) {
        const logs = [...this.#background].map(([name, { log }]) => `== ${name}\n${log}`)
        throw new Error(
          [
            `${step.document}, line ${step.line} ended with exit code ${code}:`,
            step.script,
            stdout,
            stderr,
            ...logs,
          ].join('\n'),
        )
      }
      await sleep(500)
    }
  }

  async #start(step: Step): Promise<string> {
    // A group of its own, so that stopping it reaches what it started; one stream, so that what it says stays in order.
    const child = spawn('bash', ['--norc', '-c', `exec 2>&1\n${this.#script(step.script, false)}`], {
      cwd: this.#directory,
      env: { ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const started = { child, log: '' }
    this.#background.set(step.name, started)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (started.log += chunk.toString()))
    }
    if (step.output === undefined) return ''
    const pattern = patternOf(step.output)
    for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(100)) {
      if (pattern.test(started.log.trim()) || child.exitCode !== null) break
    }
    return started.log.trim()
  }

  async #stop(name: string): Promise<void> {
    const child = this.#background.get(name)?.child
    this.#background.delete(name)
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    process.kill(-child.pid, 'SIGTERM')
    await ended
  }

  /** The block between loading what the last one left and leaving it for the next; any command that fails ends it. */
  #script(block: string, isKept: boolean): string {
    const state = path.join(this.#directory, 'state.sh')
    const load = `if [ -e '${state}' ]; then . '${state}' 2>/dev/null; fi`
    const keep = `set +eu; { declare -p; printf 'cd %q\n' "$PWD"; } >'${state}.new'; mv '${state}.new' '${state}'`
    return [load, 'set -euo pipefail', block, ...(isKept ? [keep] : [])].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#background.keys()) await this.#stop(name)
  }
}

/** A home directory, and a `lakelet` in the search path, whose `up` takes free ports. `variables` are added to the environment. */
export async function prepareShell(
  directory: string,
  variables: Readonly<Record<string, string>>,
): Promise<DocumentShell> {
  const home = path.join(directory, 'home')
  const bin = path.join(directory, 'bin')
  await mkdir(home)
  await mkdir(bin)
  const command = cliCommand.map((word) => `'${word}'`).join(' ')
  const wrapper = `#!/bin/sh
if [ "$1" = up ]; then shift; exec ${command} up --http-port 0 --postgres-port 0 "$@"; fi
exec ${command} "$@"
`
  await writeFile(path.join(bin, 'lakelet'), wrapper, { mode: 0o755 })
  const search = [bin, path.dirname(process.execPath), process.env['PATH'] ?? '']
  return new DocumentShell(directory, {
    ...environment(home),
    PATH: search.join(path.delimiter),
    ...variables,
  })
}
