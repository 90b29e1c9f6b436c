// The identities of the workspace as databricks_auth sees them: one file for all clusters, so that a new principal is
// known to running computes at once. Each data directory has a link to it, because the extension knows no other path.
import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, readlink, rename, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory } from '../base/files.ts'
import { ownerOf, type PostgresHost } from './host.ts'

export type IdentityType = 'USER' | 'SERVICE_PRINCIPAL' | 'GROUP'

export interface Identity {
  /** E-mail address of a user, application id of a service principal, display name of a group: the role's name. */
  readonly name: string
  readonly type: IdentityType
  /** The SCIM id. */
  readonly id: number
}

/** Replaces the file of identities; a backend that reads at the same time sees the old or the new one. */
export async function writeIdentities(host: PostgresHost, identities: readonly Identity[]): Promise<void> {
  const file = host.identitiesFile
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  const owner = ownerOf(host)
  const handle = await open(temporary, 'wx', 0o400)
  try {
    await handle.writeFile(JSON.stringify({ identities }))
    await handle.chown(owner.uid, owner.gid)
    await handle.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  await syncDirectory(path.dirname(file))
}

/** Makes `databricks_auth/identities.json` of a data directory point to the workspace's file. */
export async function linkIdentities(host: PostgresHost, dataDirectory: string): Promise<void> {
  const at = path.join(dataDirectory, 'databricks_auth', 'identities.json')
  const present = await readlink(at).catch(() => undefined)
  if (present === host.identitiesFile) return
  const owner = ownerOf(host)
  await mkdir(path.dirname(at), { recursive: true, mode: 0o700 })
  await chown(path.dirname(at), owner.uid, owner.gid)
  await rm(at, { force: true })
  await symlink(host.identitiesFile, at)
}
