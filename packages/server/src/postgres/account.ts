// Who Postgres runs as. Postgres refuses to run as root (src/backend/main/main.c, check_root), so a root server gives
// its children an existing unprivileged account; nobody is created and nothing outside the data directory is changed.
import { constants } from 'node:fs'
import { access, chmod, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** The account for Postgres: undefined when this process is unprivileged and Postgres simply runs as the same user. */
export async function chooseAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const known = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => ''))
  const named = ['postgres', 'nobody'].map((name) => known.find((each) => each.name === name))
  return (
    named.find((each) => each !== undefined && each.uid > 0) ?? { name: '65534', uid: 65_534, gid: 65_534 }
  )
}

/** Accounts of a passwd(5) file; lines that do not parse are left out. */
export function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':')
    return name && /^\d+$/.test(uid) && /^\d+$/.test(gid)
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : []
  })
}

/**
 * Makes sure that the account can reach `dataDir`. The data directory itself is ours and is opened for passing through;
 * a parent that blocks is an error that names it.
 */
export async function ensureReachable(dataDir: string, account: Account | undefined): Promise<void> {
  if (!account) return
  const own = await stat(dataDir)
  if (own.uid === 0 && !(own.mode & constants.S_IXOTH))
    await chmod(dataDir, (own.mode & 0o7777) | constants.S_IXOTH)
  for (const directory of parentsOf(dataDir)) {
    const blocked = !maySearch(await stat(directory), account)
    if (blocked) {
      throw new LakeletError('postgres_unreachable_directory', {
        directory,
        user: account.name,
        uid: account.uid,
      })
    }
  }
}

function parentsOf(directory: string): string[] {
  const parent = path.dirname(directory)
  return parent === directory ? [directory] : [...parentsOf(parent), directory]
}

function maySearch(info: { uid: number; gid: number; mode: number }, account: Account): boolean {
  if (info.uid === account.uid) return (info.mode & constants.S_IXUSR) !== 0
  if (info.gid === account.gid) return (info.mode & constants.S_IXGRP) !== 0
  return (info.mode & constants.S_IXOTH) !== 0
}

/** True when `file` exists. */
export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
