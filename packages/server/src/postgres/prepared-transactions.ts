// Prepared transactions live on in a branch: a server that has less room for them than there are does not start
// (src/backend/access/transam/twophase.c), and the endpoint of a new branch does not have the settings of its source's.
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { readControlFile } from './control-file.ts'
import type { ClusterSettings } from './settings.ts'

const NAME = 'max_prepared_transactions'
/** While the past is recovered: what room there was then is only known afterwards. */
export const ROOM_FOR_THE_PAST = 4096

/** Arguments for a server that is to start on a data directory; none where its settings leave enough room. */
export async function roomForPrepared(
  dataDirectory: string,
  { extra = {} }: ClusterSettings,
): Promise<string[]> {
  const there = (await readdir(path.join(dataDirectory, 'pg_twophase'))).length
  const { isShutDown, maxPrepared } = await readControlFile(dataDirectory)
  // After a crash there may be more of them in the log, and a standby must have as much room as the server that wrote it.
  const isStandby = existsSync(path.join(dataDirectory, 'standby.signal'))
  const needed = isShutDown && !isStandby ? there : Math.max(there, maxPrepared)
  return needed > Number(extra[NAME] ?? 0) ? ['-c', `${NAME}=${needed}`] : []
}
