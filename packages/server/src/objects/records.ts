// What the objects of an archive say that are not chunks.
import { z } from 'zod'

const chunk = z.string().regex(/^[0-9a-f]{64}$/)

/** A part of a file: so many bytes of a chunk from `at` on. */
const piece = z.object({ chunk, at: z.number(), bytes: z.number() })
export type Piece = z.output<typeof piece>

const treeEntry = z.object({
  /** With `/`, from where the tree begins; never out of it. */
  path: z.string().refine((name) => name.split('/').every((part) => !['', '.', '..'].includes(part))),
  type: z.enum(['directory', 'file', 'symlink']),
  mode: z.number().int(),
  owner: z.enum(['workspace', 'postgres']),
  pieces: z.array(piece).optional(),
  /** Where a symbolic link leads. */
  to: z.string().optional(),
})
export type TreeEntry = z.output<typeof treeEntry>

/** Files and directories, each directory before what is in it. */
export const tree = z.array(treeEntry)
export type Tree = z.output<typeof tree>

export const segmentRecord = z.object({ bytes: z.number() })

export const tailRecord = z.object({
  time: z.string(),
  segments: z.array(z.object({ name: z.string(), bytes: z.number(), chunk })),
})

export const baseRecord = z.object({
  lsn: z.string(),
  /** The first moment that it leads to. */
  time: z.string(),
  from: z.string(),
  firstSegment: z.string(),
  timeline: z.number(),
  tree,
})
export type BaseRecord = Readonly<z.output<typeof baseRecord>>

export const snapshotRecord = z.object({ tree })

export const writerRecord = z.object({
  /** Tells one data directory from a copy of it. */
  instance: z.string(),
  host: z.string(),
  time: z.string(),
})

export const stateRecord = z.object({
  time: z.string(),
  lakelet: z.string(),
  platform: z.string(),
  /** Of the data directory, without branches and snapshots. */
  tree,
  branches: z.array(
    z.object({
      uid: z.string(),
      name: z.string(),
      line: z.string(),
      timeline: z.number(),
      /** How far back its project keeps its past, in seconds. */
      windowSeconds: z.number(),
      /** The small files of its directory, by name. */
      notes: z.record(z.string(), z.string()),
    }),
  ),
  snapshots: z.array(z.string()),
})
export type StateRecord = Readonly<z.output<typeof stateRecord>>

/** Of all files of a tree. */
export function bytesOf(entries: Tree): number {
  return entries.flatMap(({ pieces = [] }) => pieces).reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Chunks that a tree is made of. */
export function* chunksOf(entries: Tree): Generator<string> {
  for (const { pieces = [] } of entries) for (const each of pieces) yield each.chunk
}
