#!/usr/bin/env node
// What `npx lakelet` runs. It is read by whatever Node there is, so it says first whether that one will do.
import './disposable-stacks.ts'

const MINIMUM = [22, 18] as const

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

await import('@lakelet/cli/bin')
