#!/usr/bin/env node
// The process: standard streams, signals and the exit code. Everything else is in `run`.
import { homedir } from 'node:os'
import { text } from 'node:stream/consumers'
import { run } from './run.ts'

const interrupt = new AbortController()
let isInterruptible = true
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (name === 'SIGINT' && !isInterruptible) return
    // The second signal does not wait for a clean end.
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort(new DOMException(`stopped by ${name}`, 'AbortError'))
  })
}
// A reader that went away (`lakelet … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await run(
  process.argv.slice(2),
  {
    env: process.env,
    cwd: process.cwd(),
    home: process.env['HOME'] ?? homedir(),
    isInteractive: process.stderr.isTTY,
    stdout: (chunk) => process.stdout.write(chunk),
    stderr: (line) => process.stderr.write(line),
    readStdin: () => text(process.stdin),
    fetch,
    ignoreInterrupts: () => (isInterruptible = false),
  },
  interrupt.signal,
)
