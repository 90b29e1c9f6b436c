#!/usr/bin/env node
// `lakelet-connect proxy` and `lakelet-connect exec -- COMMAND`: for tools that know nothing of tokens.
import { runProxy } from './proxy.ts'
import { runExec } from './exec.ts'
import { usage } from './usage.ts'

const [command, ...rest] = process.argv.slice(2)

async function main(): Promise<number> {
  if (command === 'proxy') return runProxy(rest)
  if (command === 'exec') return runExec(rest)
  const isHelp = command === undefined || command === '--help' || command === '-h' || command === 'help'
  const stream = isHelp ? process.stdout : process.stderr
  stream.write(isHelp ? usage : `unknown command '${command}'\n\n${usage}`)
  return isHelp ? 0 : 2
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`lakelet-connect: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
