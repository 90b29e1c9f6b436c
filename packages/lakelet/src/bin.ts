#!/usr/bin/env node
// What `npx lakelet` runs. It is read by whatever Node there is, so it says first whether that one will do.
import './disposable-stacks.ts'
import { setFlagsFromString } from 'node:v8'

const MINIMUM = [22, 18] as const
/** By then a start on a slow machine is over. */
const START_MS = 10_000

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  process.stderr.write(
    `lakelet: Lakelet needs Node ${MINIMUM.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer one, or let npm bring it to this folder: npm install -D node@24\n',
  )
  process.exit(1)
}

// The store is Node's own SQLite, which warns that it is new; nobody who starts a workspace can do anything about that.
const emitWarning = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void
process.emitWarning = (...args: readonly unknown[]) => {
  if (!args.includes('ExperimentalWarning')) emitWarning(...args)
}

// A start leaves much garbage of the moment. The space that V8 would add for it is never given back, 15 MB of 150, so it adds none
// until the start is over.
setFlagsFromString('--semi-space-growth-factor=1')
setTimeout(() => setFlagsFromString('--semi-space-growth-factor=2'), START_MS).unref()

await import('@lakelet/cli/bin')
