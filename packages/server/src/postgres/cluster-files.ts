// The files in a data directory that Lakelet writes: settings and who may connect. Written at each start when they differ, so that a
// new version of Lakelet or a new size takes effect at the next wake.
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { ownerOf } from './host.ts'
import type { PostgresInstallation } from './installation.ts'
import { type ClusterSettings, settingsFile } from './settings.ts'
import type { SocketAccess } from './socket-access.ts'

/** True when one of them differed. */
export async function writeClusterFiles(options: {
  readonly installation: PostgresInstallation
  readonly dataDirectory: string
  readonly settings: ClusterSettings
  readonly access: Pick<SocketAccess, 'hba' | 'ident'>
}): Promise<boolean> {
  const { installation, dataDirectory, settings, access } = options
  const wanted = {
    'lakelet.conf': settingsFile(settings, installation.major),
    'pg_hba.conf': access.hba,
    'pg_ident.conf': access.ident,
  }
  const owner = ownerOf(installation)
  const differed = await Promise.all(
    Object.entries(wanted).map(([name, text]) => write(path.join(dataDirectory, name), text, owner)),
  )
  return differed.includes(true)
}

/** Not flushed: each start compares them again, so a power cut costs nothing. */
async function write(
  file: string,
  text: string,
  owner: { readonly uid: number; readonly gid: number },
): Promise<boolean> {
  const present = await readFile(file, 'utf8').catch(() => undefined)
  if (present === text) return false
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`
  try {
    // pg_hba.conf may hold a secret: for Postgres' eyes only.
    await using handle = await open(temporary, 'wx', 0o600)
    await handle.chown(owner.uid, owner.gid)
    await handle.writeFile(text)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await rename(temporary, file)
  return true
}
