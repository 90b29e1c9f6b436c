// Backups of the metadata: whole SQLite files beside it, `<dataDir>/backups/metadata-<time>.sqlite`, made by SQLite's online backup
// while the store is in use, checked, and only then given their name.
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { syncDirectory } from '../base/files.ts'
import { checkMetadataFile } from './check-file.ts'

/** The newest few stay, and of each of the last days with one the newest. */
const KEEP_NEWEST = 4
const KEEP_DAYS = 7
const NAME = /^metadata-(\d{8})T\d{9}Z\.sqlite$/

/** Where the backups of a metadata file are. */
export function backupsOf(metadataFile: string): string {
  return path.join(path.dirname(metadataFile), 'backups')
}

/** Backs the store up into `directory` and removes what is too old; returns the new file. Throws when the copy is not whole. */
export async function backUp(sqlite: DatabaseSync, directory: string, now = new Date()): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const stamp = now.toISOString().replaceAll(/[-:.]/g, '')
  const file = path.join(directory, `metadata-${stamp}.sqlite`)
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await copyWhole(sqlite, temporary)
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(directory)
  await removeOld(directory)
  return file
}

/** Copies a store to a new file, checked and durable but for its directory. */
export async function copyWhole(sqlite: DatabaseSync, to: string): Promise<void> {
  await using handle = await open(to, 'wx', 0o600)
  // All pages in one go: a backup in steps begins anew with each write in between.
  await backup(sqlite, to, { rate: 1_000_000 })
  // One file for good: a copy in WAL mode would get side files as soon as anybody looked into it.
  const copy = new DatabaseSync(to)
  copy.exec('PRAGMA journal_mode = DELETE')
  copy.close()
  const state = checkMetadataFile(to)
  if (state.kind === 'damaged') throw new Error(`the copy ${to} is not whole: ${state.reason}`)
  await handle.sync()
}

/** The backups in `directory`, the newest first; full paths. */
export function listBackups(directory: string): string[] {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch {
    return []
  }
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .reverse()
    .map((name) => path.join(directory, name))
}

/** The newest backup that is whole, and of `workspaceId` where that is known. */
export function newestGoodBackup(directory: string, workspaceId?: string): string | undefined {
  return listBackups(directory).find((file) => {
    const state = checkMetadataFile(file)
    if (state.kind !== 'good') return false
    return workspaceId === undefined || state.workspaceId === workspaceId
  })
}

async function removeOld(directory: string): Promise<void> {
  const files = listBackups(directory)
  const days = new Map<string, string>()
  for (const file of files) {
    const day = NAME.exec(path.basename(file))?.[1] ?? ''
    if (!days.has(day) && days.size < KEEP_DAYS) days.set(day, file)
  }
  const kept = new Set([...files.slice(0, KEEP_NEWEST), ...days.values()])
  for (const file of files.filter((each) => !kept.has(each))) await rm(file, { force: true })
  // What a killed backup left.
  const names = await readdir(directory)
  const torn = names.filter(
    (name) => name.startsWith('metadata-') && /\.tmp(-journal|-wal|-shm)?$/.test(name),
  )
  for (const name of torn) await rm(path.join(directory, name), { force: true })
}
