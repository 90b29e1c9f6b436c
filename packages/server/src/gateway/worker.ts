// A thread of the gateway: accepts connections of its own and asks the thread that started it for everything else.
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../base/clock.ts'
import { createLogger, type LogLevel } from '../base/log.ts'
import { type Listener, startListener } from './listener.ts'
import { ThreadCalls } from './thread-calls.ts'
import type { ParentMethods, WorkerMethods, WorkerSettings } from './worker-contract.ts'

const { settings, logLevel } = workerData as WorkerSettings
let started: Listener | undefined

const methods: WorkerMethods = {
  async listen(port) {
    const options = { ...settings, port, control: parent, shared: parent, clock: systemClock, logger }
    started = await startListener(options)
    return started.address
  },
  // Before it listens it has no sessions.
  sessions: async () => (await started?.sessions()) ?? [],
  park: async (...args) => (await started?.park(...args)) ?? { parked: 0, refused: [] },
  settle: async (...args) => started?.settle(...args),
  revive: async (...args) => started?.revive(...args),
  retire: async (ids, reason) => started?.retire(ids, reason),
  // One that does not listen yet was made with the newest.
  useCertificate: async (tls) => started?.useCertificate(tls),
  cancel: async (key) => (await started?.cancel(key)) ?? false,
  stop: async (drainMs) => started?.stop(drainMs),
}

if (!parentPort) throw new Error('this file is the start of a worker thread')
const calls = new ThreadCalls<ParentMethods>(parentPort, methods)

/** The workspace as seen from here. */
const parent: Omit<ParentMethods, 'log'> = {
  locate: (...args) => calls.call('locate', ...args),
  verify: (...args) => calls.call('verify', ...args),
  travel: (...args) => calls.call('travel', ...args),
  wake: (...args) => calls.call('wake', ...args),
  role: (...args) => calls.call('role', ...args),
  memory: (...args) => calls.call('memory', ...args),
  release: (...args) => calls.post('release', ...args),
  report: (...args) => calls.post('report', ...args),
  admit: (...args) => calls.call('admit', ...args),
  leave: (...args) => calls.post('leave', ...args),
  loginFailed: (...args) => calls.call('loginFailed', ...args),
  loginSucceeded: (...args) => calls.post('loginSucceeded', ...args),
  cancelElsewhere: (...args) => calls.call('cancelElsewhere', ...args),
}

const logger = createLogger({
  level: logLevel as LogLevel,
  destination: { write: (line) => calls.post('log', line) },
})

// As for the whole workspace: what nobody handled ends the session it belongs to and no other.
for (const origin of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(origin, (error: unknown) => logger.error({ err: error, origin }, 'an error that nobody handled'))
}
