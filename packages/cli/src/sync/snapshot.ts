// What the last `sync` left in the workspace, so that the next one uploads only what changed and knows what was removed.
// One file per pair of host and workspace folder: `.databricks/sync-snapshots/<id>.json` in the synced folder.
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { isMissing, writePrivateFile } from '../config/config-file.ts'

const VERSION = 'v1'

const snapshotFile = z.object({
  version: z.literal(VERSION),
  host: z.string(),
  remote_path: z.string(),
  last_modified_times: z.record(z.string(), z.string()),
  local_to_remote_names: z.record(z.string(), z.string()),
  remote_to_local_names: z.record(z.string(), z.string()),
})

/** One uploaded file. */
export interface SyncedFile {
  /** Its modification time when it was uploaded, in milliseconds. */
  readonly modifiedMs: number
  /** Its name in the workspace; a notebook loses its extension there. */
  readonly remoteName: string
}

export class Snapshot {
  /** By local name. */
  readonly files: Map<string, SyncedFile>
  /** True when no earlier sync to the same place is known. */
  readonly isNew: boolean
  readonly #file: string
  readonly #host: string
  readonly #remotePath: string

  constructor(file: string, host: string, remotePath: string, files?: Map<string, SyncedFile>) {
    this.#file = file
    this.#host = host
    this.#remotePath = remotePath
    this.isNew = files === undefined
    this.files = files ?? new Map()
  }

  async save(): Promise<void> {
    const folder = path.dirname(path.dirname(this.#file))
    await mkdir(path.dirname(this.#file), { recursive: true })
    // Nothing below .databricks belongs into a repository.
    await writeFile(path.join(folder, '.gitignore'), '*\n')
    const entries = [...this.files]
    const content: z.input<typeof snapshotFile> = {
      version: VERSION,
      host: this.#host,
      remote_path: this.#remotePath,
      last_modified_times: Object.fromEntries(
        entries.map(([name, { modifiedMs }]) => [name, new Date(modifiedMs).toISOString()]),
      ),
      local_to_remote_names: Object.fromEntries(entries.map(([name, { remoteName }]) => [name, remoteName])),
      remote_to_local_names: Object.fromEntries(entries.map(([name, { remoteName }]) => [remoteName, name])),
    }
    await writePrivateFile(this.#file, `${JSON.stringify(content, null, 2)}\n`)
  }
}

/** The snapshot of earlier syncs from `root` to `remotePath` at `host`; a new one where there is none or it cannot be read. */
export async function loadSnapshot(root: string, host: string, remotePath: string): Promise<Snapshot> {
  const id = createHash('md5').update(`${host}${remotePath}`).digest('hex').slice(0, 16)
  const file = path.join(root, '.databricks', 'sync-snapshots', `${id}.json`)
  try {
    const parsed = snapshotFile.safeParse(JSON.parse(await readFile(file, 'utf8')))
    if (parsed.success) return new Snapshot(file, host, remotePath, filesOf(parsed.data))
  } catch (error) {
    if (!isMissing(error) && !(error instanceof SyntaxError)) throw error
  }
  return new Snapshot(file, host, remotePath)
}

function filesOf(content: z.output<typeof snapshotFile>): Map<string, SyncedFile> {
  return new Map(
    Object.entries(content.last_modified_times).map(([name, time]) => [
      name,
      { modifiedMs: Date.parse(time), remoteName: content.local_to_remote_names[name] ?? name },
    ]),
  )
}
