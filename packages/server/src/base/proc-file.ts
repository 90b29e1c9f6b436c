// Files of /proc. They tell no size, and for those Node's readFile takes 64 KiB each: of all processes at once, that is megabytes which the
// allocator does not give back.
import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'

/** Most of them are shorter. */
const PART_BYTES = 4096

/** The text of a file below /proc; rejects as readFile does, such as for a process that is gone. */
export async function readProcFile(file: string): Promise<string> {
  await using handle = await open(file)
  const part = Buffer.allocUnsafe(PART_BYTES)
  const decoder = new StringDecoder('utf8')
  let text = ''
  for (;;) {
    const { bytesRead } = await handle.read(part, 0, PART_BYTES)
    if (bytesRead === 0) return text + decoder.end()
    text += decoder.write(part.subarray(0, bytesRead))
  }
}
