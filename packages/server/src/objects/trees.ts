// Directories as chunks. Large files are cut into blocks, small ones of a directory go together; what did not change since has the same
// names, and is not sent again.
import { createHash } from 'node:crypto'
import { chmod, chown, lchown, lstat, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises'
import path from 'node:path'
import type { Piece, Tree, TreeEntry } from './records.ts'
import type { Vault } from './vault.ts'

/** A block of a large file. */
const BLOCK = 4 * 1024 * 1024
/** Files below this go together. */
const SMALL = 1024 * 1024
/** One in so many small files, told by its name, is the last of its chunk: a file that comes or goes changes one chunk, not all after it. */
const GROUP = 32

export interface TreeSource {
  readonly vault: Vault
  /** Uid of the account of Postgres, where root runs the workspace. */
  readonly postgresUid: number | undefined
  readonly signal?: AbortSignal | undefined
}

interface Pending {
  readonly entry: Omit<TreeEntry, 'pieces'>
  readonly content: Buffer
}

/** Sends a tree; gives what it is made of. Nobody may write to it meanwhile; what vanishes is left out. */
export class TreeWriter {
  readonly #source: TreeSource
  readonly #entries: TreeEntry[] = []
  #pending: Pending[] = []
  #pendingBytes = 0

  constructor(source: TreeSource) {
    this.#source = source
  }

  /** Adds a file, or a directory with all that is in it but for what `leaveOut` says, under the name `to`. */
  async add(from: string, to: string, leaveOut: (relative: string) => boolean = () => false): Promise<void> {
    this.#source.signal?.throwIfAborted()
    const info = await lstat(from).catch(ignoreGone)
    if (!info || leaveOut(to)) return
    const owner = info.uid === this.#source.postgresUid ? 'postgres' : 'workspace'
    const entry = { path: to, mode: info.mode & 0o7777, owner } as const
    if (info.isDirectory()) {
      this.#entries.push({ ...entry, type: 'directory' })
      const names = (await readdir(from)).toSorted()
      for (const name of names) await this.add(path.join(from, name), `${to}/${name}`, leaveOut)
    } else if (info.isSymbolicLink())
      this.#entries.push({ ...entry, type: 'symlink', to: await readlink(from) })
    else if (info.isFile()) await this.#addFile(from, { ...entry, type: 'file' }, info.size)
  }

  async end(): Promise<Tree> {
    await this.#flush()
    return this.#entries
  }

  async #addFile(from: string, entry: Omit<TreeEntry, 'pieces'>, size: number): Promise<void> {
    const file = await open(from, 'r').catch(ignoreGone)
    if (!file) return
    await using source = file
    if (size < SMALL) {
      const content = await source.readFile()
      this.#pending.push({ entry, content })
      this.#pendingBytes += content.length
      const isLast = (createHash('sha256').update(entry.path).digest()[0] ?? 0) % GROUP === 0
      if (isLast || this.#pendingBytes >= BLOCK) await this.#flush()
      return
    }
    const pieces: Piece[] = []
    for (;;) {
      this.#source.signal?.throwIfAborted()
      const block = Buffer.alloc(BLOCK)
      const { bytesRead } = await source.read(block, 0, BLOCK, pieces.length * BLOCK)
      if (bytesRead === 0) break
      const chunk = await this.#source.vault.putChunk(block.subarray(0, bytesRead))
      pieces.push({ chunk, at: 0, bytes: bytesRead })
      if (bytesRead < BLOCK) break
    }
    this.#entries.push({ ...entry, pieces })
  }

  async #flush(): Promise<void> {
    const pending = this.#pending
    if (pending.length === 0) return
    const content = Buffer.concat(pending.map((each) => each.content))
    const chunk = content.length === 0 ? undefined : await this.#source.vault.putChunk(content)
    let at = 0
    for (const { entry, content: own } of pending) {
      const pieces = chunk === undefined || own.length === 0 ? [] : [{ chunk, at, bytes: own.length }]
      this.#entries.push({ ...entry, pieces })
      at += own.length
    }
    this.#pending = []
    this.#pendingBytes = 0
  }
}

/** Makes what a tree says below the directory `to`, which is there. */
export async function unpackTree(
  vault: Vault,
  entries: Tree,
  options: {
    readonly to: string
    readonly postgres: { readonly uid: number; readonly gid: number } | undefined
    readonly signal?: AbortSignal | undefined
  },
): Promise<void> {
  const { to, postgres, signal } = options
  // Files of one group follow each other.
  const last: { chunk: string; content: Buffer } = { chunk: '', content: Buffer.alloc(0) }
  const contentOf = async (chunk: string) => {
    if (last.chunk !== chunk) Object.assign(last, { chunk, content: await vault.getChunk(chunk) })
    return last.content
  }
  // Directories may come after what is in them.
  const directories = entries.filter(({ type }) => type === 'directory')
  for (const entry of directories) await mkdir(path.join(to, entry.path), { recursive: true, mode: 0o700 })
  for (const entry of entries) {
    signal?.throwIfAborted()
    const at = path.join(to, entry.path)
    if (entry.type === 'file') {
      await mkdir(path.dirname(at), { recursive: true, mode: 0o700 })
      await using file = await open(at, 'wx', 0o600)
      for (const { chunk, at: begin, bytes } of entry.pieces ?? []) {
        const content = (await contentOf(chunk)).subarray(begin, begin + bytes)
        if (content.length !== bytes) throw vault.damaged(`chunk ${chunk}`, `${entry.path} is longer than it`)
        await file.writeFile(content)
      }
    } else if (entry.type === 'symlink') await symlink(insideOnly(vault, entry), at)
  }
  for (const entry of entries.toReversed()) {
    const at = path.join(to, entry.path)
    if (entry.type === 'symlink') {
      if (entry.owner === 'postgres' && postgres) await lchown(at, postgres.uid, postgres.gid)
      continue
    }
    await chmod(at, entry.mode)
    if (entry.owner === 'postgres' && postgres) await chown(at, postgres.uid, postgres.gid)
  }
}

function insideOnly(vault: Vault, { path: name, to = '' }: TreeEntry): string {
  const target = path.posix.join(path.posix.dirname(name), to)
  if (to.startsWith('/') || target.startsWith('..')) throw vault.damaged(name, `it leads out to ${to}`)
  return to
}

function ignoreGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
