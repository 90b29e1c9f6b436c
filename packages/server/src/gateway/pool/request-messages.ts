// Messages of a client as the pool reads and writes them.
import { REQUEST } from './reply-queue.ts'
import type { Statement } from './statements.ts'
import { LONGEST_JUDGED } from './text-facts.ts'

/** Type and length. */
export const HEADER = 5
export const NONE = Buffer.alloc(0)
export const TERMINATE = 0x58
/** S, where a message is about a statement rather than a portal. */
export const STATEMENT = 0x53
export const PARSE_COMPLETE = Buffer.from([0x31, 0, 0, 0, 4])
export const CLOSE_COMPLETE = Buffer.from([0x33, 0, 0, 0, 4])
const DEALLOCATE = /^\s*deallocate\s+(?:prepare\s+)?(?:"([^"]+)"|([a-z_][\w$]*))\s*;?\s*$/i
/** A statement whose definition is longer cannot be given a name; a name in a Bind that is longer is nobody's. */
const LONGEST_DEFINITION = 1024 * 1024
const LONGEST_NAMES = 4096

/** What a message of a client becomes. */
export interface Replacement {
  readonly bytes: Buffer
  /** How many bytes of the message these stand for. */
  readonly replaced: number
}

/** How many bytes of the message have to be there to judge it. */
export function neededOf(bytes: Buffer, at: number): number {
  if (bytes.length - at < HEADER) return HEADER
  const length = bytes.readUInt32BE(at + 1) + 1
  switch (bytes[at] ?? 0) {
    case REQUEST.query:
      return Math.min(length, LONGEST_JUDGED)
    case REQUEST.parse:
      return length <= LONGEST_DEFINITION ? length : HEADER
    case REQUEST.bind:
    case REQUEST.describe:
    case REQUEST.close:
      return Math.min(length, LONGEST_NAMES)
    default:
      return HEADER
  }
}

/** A Parse that gives a statement this name. */
export function parseOf(name: string, { definition }: Statement): Buffer {
  return messageOf('P', `${name}\0`, definition)
}

/** A message of this type. */
export function messageOf(type: string, head: string, rest: Buffer = NONE): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + head.length + rest.length)
  bytes.write(type, 0, 'latin1')
  bytes.writeUInt32BE(bytes.length - 1, 1)
  bytes.write(head, HEADER, 'latin1')
  bytes.set(rest, HEADER + head.length)
  return bytes
}

/** The name that a DEALLOCATE of one statement gives; undefined for any other text. */
export function deallocatedBy(text: string): string | undefined {
  const [, quoted, plain] = DEALLOCATE.exec(text) ?? []
  const name = quoted ?? plain?.toLowerCase()
  return quoted === undefined && name === 'all' ? undefined : name
}
