// Loaded by every Node process of a test run (NODE_OPTIONS=--import): notes each route that a server in it answered, as the server saw it,
// in a file of its own below TEST_CALLS_DIR. `endpoint-coverage.ts` reads them at the end of the run.
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { threadId } from 'node:worker_threads'

const directory = process.env.TEST_CALLS_DIR
const seen = new Set()

if (directory) {
  subscribe('lakelet:http:answer', ({ method, route, status }) => {
    // A test that goes over the whole table knows nothing of what a route is for.
    if (globalThis.lakeletCallsDoNotCount) return
    const line = `${method} ${route} ${status}\n`
    if (seen.has(line)) return
    seen.add(line)
    mkdirSync(directory, { recursive: true })
    // At once: the next moment may be a kill.
    appendFileSync(path.join(directory, `${process.pid}-${threadId}`), line)
  })
}
