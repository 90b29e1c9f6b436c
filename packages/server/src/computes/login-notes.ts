// Who may log in, noted when a compute is suspended, so that logins are judged without waking it. The note carries the
// position of the shutdown checkpoint: it holds only while the control file still names that checkpoint, so a note from before
// a crash, a restore or a start by other means is never believed.
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { type LoginRole, readControlFile } from '../postgres/index.ts'
import { besideData } from '../storage/index.ts'
import type { LoginNotes, LoginRoles } from './login-directory.ts'

interface Note {
  readonly checkpoint: string
  readonly roles: readonly LoginRole[]
}

/** One file beside each data directory. */
export const loginNotes: LoginNotes = { write: writeLoginNote, read: readLoginNote }

/** Notes the roles of a cluster that was just shut down; nothing is noted when that was not clean. */
async function writeLoginNote(dataDirectory: string, roles: readonly LoginRole[]): Promise<void> {
  const checkpoint = await checkpointOf(dataDirectory)
  const file = besideData(dataDirectory).loginNote
  if (checkpoint === undefined) return rm(file, { force: true })
  // Not flushed: a note that a power cut tears does not parse, and then the compute is asked.
  await writeFile(`${file}.tmp`, JSON.stringify({ checkpoint, roles } satisfies Note), { mode: 0o600 })
  await rename(`${file}.tmp`, file)
}

/** The noted roles of a stopped cluster, or undefined when there is no note that holds. */
async function readLoginNote(dataDirectory: string): Promise<LoginRoles | undefined> {
  try {
    const note = JSON.parse(await readFile(besideData(dataDirectory).loginNote, 'utf8')) as Note
    if (note.checkpoint !== (await checkpointOf(dataDirectory))) return undefined
    return new Map(note.roles.map((role) => [role.name, role]))
  } catch {
    return undefined
  }
}

async function checkpointOf(dataDirectory: string): Promise<string | undefined> {
  const control = await readControlFile(dataDirectory)
  return control.isShutDown ? `${control.timeline}/${control.checkpointLsn}` : undefined
}
