#!/usr/bin/env node
// The process: standard streams, signals and the exit code. Everything else is in `run`.
import { once } from 'node:events'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'

/** What ends a program; the last one says that its terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A Ctrl-C through npm comes this soon after the one from the terminal, in ms. */
const ECHO_MS = 200
/** A Ctrl-C may arrive twice, from the terminal and through npm; a person needs longer for the second one. */
const SECOND_SIGNAL_MS = 1000

// Commands start in half the time when their code need not be read anew.
enableCompileCache()
const [{ run }, { commandName }] = await Promise.all([
  import('./run.ts'),
  import('./command/command-name.ts'),
])

const interrupt = new AbortController()
let isInterruptible = true
let interruptedAt = 0
let taken: ((name: NodeJS.Signals) => boolean) | undefined
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (taken) return
    if (name === 'SIGINT' && !isInterruptible) return
    if (interrupt.signal.aborted) {
      // The second signal does not wait for a clean end.
      if (performance.now() - interruptedAt > SECOND_SIGNAL_MS) process.exit(130)
      return
    }
    interruptedAt = performance.now()
    interrupt.abort(new DOMException(`stopped by ${name}`, 'AbortError'))
  })
}

/** The first signal of several that mean one: from the terminal and through npm, or from a terminal that is closed. */
function takeSignals(listener: (name: NodeJS.Signals) => boolean): () => void {
  let last = -Infinity
  const arrived = (name: NodeJS.Signals): void => {
    const isEcho = performance.now() - last < ECHO_MS
    last = performance.now()
    if (!isEcho && !listener(name)) process.exit(130)
  }
  taken = listener
  for (const name of SIGNALS) process.on(name, arrived)
  return () => {
    taken = undefined
    for (const name of SIGNALS) process.off(name, arrived)
  }
}

// A reader that went away (`lakelet … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await run(
  process.argv.slice(2),
  {
    command: commandName(import.meta.filename, process.env),
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? import.meta.filename],
    env: process.env,
    cwd: workingDirectory(),
    home: process.env['HOME'] ?? homedir(),
    isInteractive: process.stderr.isTTY,
    get columns() {
      return process.stderr.columns
    },
    stdout: (chunk) => process.stdout.write(chunk),
    stderr: (line) => process.stderr.write(line),
    readStdin: () => text(addAbortSignal(interrupt.signal, process.stdin)),
    stdin: process.stdin,
    outputPressure: () => (process.stdout.writableNeedDrain ? once(process.stdout, 'drain') : undefined),
    screen: process.stdout.isTTY ? process.stdout : undefined,
    fetch,
    tellParent,
    hasColor: (stream) => process[stream].isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
    takeSignals,
    ignoreInterrupts: () => (isInterruptible = false),
  },
  interrupt.signal,
)

/** Once: then the channel is closed, so that it keeps nobody waiting. */
function tellParent(message: object): void {
  if (process.connected) process.send?.(message, () => process.disconnect())
}

/** Where the command was typed: `npm run lakelet` runs in the repository's root and tells where it was called. */
function workingDirectory(): string {
  const { npm_lifecycle_event: script, npm_package_name: name, INIT_CWD: typedIn } = process.env
  return name === 'lakelet-workspace' && script === 'lakelet' && typedIn ? typedIn : process.cwd()
}
