// Other workspaces that run on this machine, as far as this user may see them, and the ports that they have.
import { readdir, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'
import { findLocalWorkspace } from '../config/local-workspace.ts'
import { type Finding, note, ok } from './finding.ts'

/** The file that a running workspace has open. */
const STORE = 'metadata.sqlite'

/** Every workspace that runs, but that of `own`. */
export async function neighbourFindings(own: string): Promise<Finding[]> {
  if (process.platform !== 'linux') return []
  const here = await realpath(own).catch(() => own)
  const directories = [...(await runningDirectories())].filter((each) => each !== here).toSorted()
  const found = await Promise.all(directories.map((directory) => findingOf(directory)))
  return found.length > 0 ? found : [ok('other-workspaces', 'no other workspace runs on this machine')]
}

async function findingOf(directory: string): Promise<Finding> {
  const running = await findLocalWorkspace(directory).catch(() => undefined)
  const place = running
    ? `process ${running.pid}, ${running.host}, Postgres at ${running.postgres.host}:${running.postgres.port}`
    : 'starting or stopping, or of another user'
  return note(
    'other-workspaces',
    `another workspace runs in ${directory}: ${place}`,
    'It has its own ports, projects and tokens; commands in its folder go to it, not to the one here.',
    `Nothing, or end it: lakelet down --data-dir ${directory}`,
  )
}

/** Data directories whose store some process has open. */
async function runningDirectories(): Promise<Set<string>> {
  const directories = new Set<string>()
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const file = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
      if (path.basename(file) === STORE) directories.add(path.dirname(file))
    }
  }
  return directories
}
