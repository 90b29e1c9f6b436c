#!/usr/bin/env node
// What `npx lakelet` runs. It is read by whatever Node there is, so it says first whether that one will do.
import './disposable-stacks.ts'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MINIMUM = [22, 18] as const
/** By then a start on a slow machine is over. */
const START_MS = 10_000
/** Share of its time that a process at rest works, and between two looks at it. */
const AT_REST = 0.05
const LOOK_MS = 1000

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
setTimeout(() => {
  setFlagsFromString('--semi-space-growth-factor=2')
  giveBackAtRest()
}, START_MS).unref()

await import('@lakelet/cli/bin')

/** Once there is little to do, gives back what the start compiled and allocated, 15 MB and more of 125. It takes less than 100 ms, once. */
function giveBackAtRest(): void {
  let before = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before)
    before = performance.eventLoopUtilization()
    if (utilization > AT_REST) return
    clearInterval(timer)
    // V8 does so by itself only where memory runs out; Node has no other door to it.
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as (how: object) => void
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, LOOK_MS).unref()
}
