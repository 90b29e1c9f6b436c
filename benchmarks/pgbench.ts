// pgbench of this machine: transactions per second of one run.
import { spawn } from 'node:child_process'

/** Where pgbench connects to. */
export interface Target {
  readonly port: number
  readonly user: string
  readonly password?: string
  readonly options?: string
}

export interface Load {
  readonly mode: 'simple' | 'prepared'
  readonly clients: number
  readonly seconds: number
  /** A connection for each transaction. */
  readonly reconnects?: boolean
}

/** Transactions per second over TLS, without the time of the first connections. Throws what pgbench says when it fails. */
export function pgbench({ port, user, password, options }: Target, load: Load): Promise<number> {
  const args = ['-n', '-S', '-M', load.mode, '-c', load.clients, '-j', 1, '-T', load.seconds]
  if (load.reconnects) args.push('-C')
  const child = spawn('pgbench', [...args, '-h', '127.0.0.1', '-p', port, '-U', user, 'bench'].map(String), {
    env: {
      ...process.env,
      PGSSLMODE: 'require',
      ...(password === undefined ? {} : { PGPASSWORD: password }),
      ...(options === undefined ? {} : { PGOPTIONS: options }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      const perSecond = Number(/^tps = ([\d.]+)/m.exec(said)?.[1])
      if (code === 0 && perSecond > 0) resolve(perSecond)
      else reject(new Error(`pgbench: ${said}`))
    })
  })
}
