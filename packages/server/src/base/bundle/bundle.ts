// A bundle: files with their checksums, as one file (tar, compressed with zstd) or as a directory. In both the same things are:
//
//   lakelet.json     what it is, and of which version; first in a file
//   files/<path>     the files, in any order
//   contents.json    every file, directory and link with its mode and checksum; last in a file, so that a part of one is never taken for it
//
// A bundle says that it is whole and as it was made, not who made it.
import { open } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

export const HEADER = 'lakelet.json'
export const CONTENTS = 'contents.json'
export const FILES = 'files/'
/** The version of the layout that is written here; one that is newer is not read. */
export const BUNDLE_VERSION = 1

/** What a file ends with after all else: a frame that zstd skips (RFC 8878 §3.1.2), by which one that was cut is known at once. */
export const TRAILER = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0, ...Buffer.from('LAKELET.')])

/** The first bytes of every zstd frame (RFC 8878), and so of every bundle in one file. */
export const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Whether a file begins as a bundle does. */
export async function isBundleFile(file: string): Promise<boolean> {
  try {
    await using handle = await open(file, 'r')
    const { buffer } = await handle.read(Buffer.alloc(ZSTD.length), 0, ZSTD.length, 0)
    return buffer.equals(ZSTD)
  } catch {
    return false
  }
}

export const bundleHeader = z.looseObject({
  format: z.enum(['lakelet-backup', 'lakelet-branch']),
  bundle_version: z.number().int(),
  /** The Lakelet that made it. */
  lakelet: z.string(),
  create_time: z.string(),
})

export type BundleHeader = z.output<typeof bundleHeader>
export type BundleFormat = BundleHeader['format']

/** Whose a file is: of who runs the workspace, or of the account that Postgres has where root runs it. */
const owner = z.enum(['workspace', 'postgres'])

const common = { path: z.string(), owner }

export const bundleEntry = z.discriminatedUnion('type', [
  z.object({ ...common, type: z.literal('directory'), mode: z.number().int() }),
  z.object({
    ...common,
    type: z.literal('file'),
    mode: z.number().int(),
    size: z.number().int(),
    sha256: z.string(),
  }),
  /** A second name of a file of the bundle. */
  z.object({ ...common, type: z.literal('link'), to: z.string() }),
  /** Relative, to somewhere inside. */
  z.object({ ...common, type: z.literal('symlink'), to: z.string() }),
])

export type BundleEntry = z.output<typeof bundleEntry>

/** A path that stays inside the place it is unpacked to. */
export function isInside(name: string): boolean {
  return name !== '' && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** Whether the link `to` at `path` leads to somewhere inside. */
export function leadsInside(at: string, to: string): boolean {
  return !to.startsWith('/') && isInside(path.posix.join(path.posix.dirname(at), to))
}

export const bundleContents = z.object({
  /** Of the header's bytes. */
  header_sha256: z.string(),
  entries: z.array(bundleEntry.refine((entry) => isInside(entry.path), 'a path leads out of the bundle')),
})
