// The implementations that are compared: ours, plain pg with a password function, the official package.
import { readFileSync } from 'node:fs'
import { Pool } from 'pg'
import { createPool } from '../../src/pg/index.ts'
import type { Subject } from './scenario.ts'

const ours: Subject = {
  name: 'lakelet-connect',
  createPool: (env, options = {}) => createPool({ ...options, env }),
}

/** What most apps do by hand: a credential per connection. */
const plain: Subject = {
  name: 'plain pg',
  createPool(env, options = {}) {
    const pool = new Pool({
      ...options,
      host: env['PGHOST'] ?? '',
      port: Number(env['PGPORT']),
      user: env['PGUSER'] ?? '',
      database: env['PGDATABASE'] ?? '',
      ssl: { ca: readFileSync(env['PGSSLROOTCERT'] ?? '', 'utf8') },
      password: async () => {
        const answer = await fetch(`${env['DATABRICKS_HOST']}/api/2.0/postgres/credentials`, {
          method: 'POST',
          headers: { authorization: `Bearer ${env['DATABRICKS_TOKEN']}`, 'content-type': 'application/json' },
          body: JSON.stringify({ endpoint: env['LAKEBASE_ENDPOINT'] }),
        })
        if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
        return ((await answer.json()) as { token: string }).token
      },
    })
    pool.on('error', () => {})
    return pool
  },
}

/** The official package reads the process's environment and trusts NODE_EXTRA_CA_CERTS, which the runner sets. */
async function official(): Promise<Subject> {
  const { createLakebasePool } = await import('@databricks/lakebase')
  return {
    name: '@databricks/lakebase',
    createPool(env, options = {}) {
      Object.assign(process.env, env)
      return createLakebasePool({ ...options, logger: { error: false } })
    },
  }
}

const makers: Readonly<Record<string, () => Promise<Subject> | Subject>> = {
  ours: () => ours,
  plain: () => plain,
  official,
}

/** The names that `subject` takes. */
export const subjectNames = Object.keys(makers)

export async function subject(name: string): Promise<Subject> {
  const make = makers[name]
  if (!make) throw new Error(`no implementation '${name}'; there are ${subjectNames.join(', ')}`)
  return make()
}
