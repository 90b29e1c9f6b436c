// Threads of this process, from sources or from what was built of them.
import { Worker, type WorkerOptions } from 'node:worker_threads'

/** Sources name each other's packages by this condition; a test runner that resolves them itself does not set it. */
const SOURCE_ARGUMENTS = ['--conditions=lakelet:source', '--disable-warning=ExperimentalWarning']

/** Runs `module`, a path without its extension from the module at `importer` (an `import.meta.url`), as a thread. The bundle lists such modules by name. */
export function startThread(importer: string, module: string, options: WorkerOptions): Worker {
  const isSource = importer.endsWith('.ts')
  const isSet = process.execArgv.some((each) => each.includes('lakelet:source'))
  // Those of this process are inherited when nothing is said.
  const execArgv = isSource && !isSet ? { execArgv: SOURCE_ARGUMENTS } : {}
  return new Worker(new URL(`${module}.${isSource ? 'ts' : 'js'}`, importer), { ...options, ...execArgv })
}
