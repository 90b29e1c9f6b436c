import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createConnector } from '../connector.ts'
import type { LocalProxy } from '../proxy/local-proxy.ts'
import { readArguments, usage } from './usage.ts'

/** Runs a command with a local proxy in its environment; resolves to its exit code. */
export async function runExec(args: readonly string[]): Promise<number> {
  const { connector: options, port, socket, command } = readArguments(args)
  if (command.length === 0) {
    process.stderr.write(`exec needs a command after --\n\n${usage}`)
    return 2
  }
  const connector = createConnector(options)
  try {
    const proxy = await connector.listen(socket === undefined ? { port: port ?? 0 } : { path: socket })
    return await run(command, { ...process.env, ...proxyEnvironment(proxy) })
  } finally {
    await connector.close()
  }
}

/** What libpq and everything that follows it reads. */
function proxyEnvironment(proxy: LocalProxy): Record<string, string> {
  return {
    PGHOST: proxy.host,
    PGPORT: String(proxy.port),
    PGUSER: proxy.user,
    PGDATABASE: proxy.database,
    PGSSLMODE: 'disable',
    PGPASSWORD: proxy.password ?? '',
    DATABASE_URL: proxy.url,
  }
}

function run([file = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'inherit' })
    const pass = (signal: NodeJS.Signals) => child.kill(signal)
    // Ctrl-C reaches the whole group; the child decides what it means.
    const stay = () => {}
    process.on('SIGINT', stay).on('SIGTERM', pass)
    child.once('error', (error) => reject(new Error(`could not run ${file}: ${error.message}`)))
    child.once('exit', (code, signal) => {
      process.off('SIGINT', stay).off('SIGTERM', pass)
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])
    })
  })
}
