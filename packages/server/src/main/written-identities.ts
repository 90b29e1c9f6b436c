import { KeyedMutex } from '../base/mutex.ts'
import type { Identity } from '../identity/start.ts'
import { type PostgresHost, writeIdentities } from '../postgres/index.ts'

/** The file of identities that `databricks_auth` reads follows every change of principals, one write at a time. */
export async function keepIdentitiesWritten(identity: Identity, host: PostgresHost): Promise<void> {
  const { directory } = identity
  const writes = new KeyedMutex<string>()
  const write = () => writes.run('identities', () => writeIdentities(host, directory.identities()))
  await write()
  directory.onChange(write)
}
