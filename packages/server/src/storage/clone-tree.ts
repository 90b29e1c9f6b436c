// Copies a directory tree file by file, sharing blocks where the file system can (XFS, btrfs, APFS) and else byte by
// byte. What was done is reported, because the two differ a thousandfold on large branches.
import { constants } from 'node:fs'
import { chown, copyFile, lchown, mkdir, readdir, readlink, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'

export type CloneMethod = 'reflink' | 'copy'

/** What was copied, and how. */
export interface CopiedTree {
  readonly method: CloneMethod
  readonly files: number
  readonly bytes: number
}

/** A clone of a cluster: `lsn` is exactly where its content ends, on `timeline`; `time` is when the parent was there. */
export interface CloneResult extends CopiedTree {
  readonly lsn: string
  readonly timeline: number
  readonly time: string
}

export interface CloneTreeOptions {
  readonly from: string
  readonly to: string
  readonly owner: { readonly uid: number; readonly gid: number }
  /** Asked with each path relative to `from`; true leaves the entry out, for a directory with all that is in it. */
  readonly exclude: (relative: string) => boolean
}

const PARALLEL = 16

/** Clones `from` to the new directory `to`. Symbolic links are copied as they are. Nothing is flushed to disk; see `flushTree` of base. */
export async function cloneTree(options: CloneTreeOptions): Promise<CopiedTree> {
  const files: string[] = []
  await cloneDirectories(options, '', files)
  const cloner = new FileCloner(options.owner)
  const queue = files.values()
  const sizes = await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      let bytes = 0
      for (const relative of queue) {
        const size = await cloner.clone(path.join(options.from, relative), path.join(options.to, relative))
        bytes += size
      }
      return bytes
    }),
  )
  const bytes = sizes.reduce((sum, each) => sum + each, 0)
  return { method: cloner.method, files: files.length, bytes }
}

async function cloneDirectories(options: CloneTreeOptions, relative: string, files: string[]): Promise<void> {
  const [from, to] = [path.join(options.from, relative), path.join(options.to, relative)]
  await mkdir(to, { mode: 0o700 })
  await chown(to, options.owner.uid, options.owner.gid)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const inside = path.join(relative, entry.name)
    if (options.exclude(inside)) continue
    if (entry.isDirectory()) await cloneDirectories(options, inside, files)
    else if (entry.isFile()) files.push(inside)
    else if (entry.isSymbolicLink())
      await cloneLink(path.join(from, entry.name), path.join(to, entry.name), options.owner)
  }
}

async function cloneLink(from: string, to: string, owner: CloneTreeOptions['owner']): Promise<void> {
  await symlink(await readlink(from), to)
  await lchown(to, owner.uid, owner.gid)
}

/** Clones single files; the first one that cannot share blocks switches to copying for the rest. */
export class FileCloner {
  readonly #owner: { readonly uid: number; readonly gid: number }
  method: CloneMethod = 'reflink'

  constructor(owner: { readonly uid: number; readonly gid: number }) {
    this.#owner = owner
  }

  /** Clones one file to where another one may be. */
  async replace(from: string, to: string): Promise<void> {
    await rm(to, { force: true })
    await this.clone(from, to)
  }

  /** Clones one file and returns its size. A file that is gone in the meantime (dropped while the source runs) counts 0. */
  async clone(from: string, to: string): Promise<number> {
    try {
      await this.#copy(from, to)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
      throw error
    }
    await chown(to, this.#owner.uid, this.#owner.gid)
    return (await stat(to)).size
  }

  async #copy(from: string, to: string): Promise<void> {
    if (this.method === 'reflink') {
      try {
        await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
        return
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code !== undefined && ['ENOENT', 'EEXIST', 'ENOSPC', 'EDQUOT', 'EIO'].includes(code)) throw error
        this.method = 'copy'
      }
    }
    await copyFile(from, to)
  }
}
