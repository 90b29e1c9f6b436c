// The names of objects below an archive's prefix.
//
//   lakelet.json                          which archive it is, and its key, closed by the passphrase
//   writers/<number>                      who writes to it: the highest number does
//   chunks/<2 digits>/<64 digits>         content, under a name that only the content and the key decide
//   log/<line>/<segment>/<chunk>          a complete segment of a branch's log is that chunk
//   tails/<line>/<time>                   what there was of segments that were not complete
//   bases/<line>/<id>                     a base of a branch: its files, as chunks
//   snapshots/<uid>                       the same of a snapshot
//   states/<time>-<random>                the rest of the workspace at a time, and which line each branch is
//
// A line is the life of one data directory: a branch that is restored in place goes on as another line.
import { randomBytes } from 'node:crypto'

export const HEADER = 'lakelet.json'
export const LINE = /^[0-9a-f]{24}$/

export const WRITERS = 'writers/'
export const CHUNKS = 'chunks/'
export const LOG = 'log/'
export const TAILS = 'tails/'
export const BASES = 'bases/'
export const SNAPSHOTS = 'snapshots/'
export const STATES = 'states/'

export function writerName(number: number): string {
  return `${WRITERS}${String(number).padStart(8, '0')}`
}

export function chunkName(chunk: string): string {
  return `${CHUNKS}${chunk.slice(0, 2)}/${chunk}`
}

export function newLine(): string {
  return randomBytes(12).toString('hex')
}

export function segmentName(line: string, segment: string, chunk: string): string {
  return `${LOG}${line}/${segment}/${chunk}`
}

/** Times sort as texts do. */
export function tailName(line: string, time: Date): string {
  return `${TAILS}${line}/${stampOf(time)}`
}

export function baseName(line: string, id: string): string {
  return `${BASES}${line}/${id}`
}

export function stateName(time: Date): string {
  return `${STATES}${stampOf(time)}-${randomBytes(4).toString('hex')}`
}

/** When a state or a tail was written, in milliseconds since 1970. */
export function timeOf(name: string): number {
  return Number(name.split('/').at(-1)?.split('-')[0])
}

function stampOf(time: Date): string {
  return String(time.getTime()).padStart(15, '0')
}
