// Files of /proc. They tell no size, and for those Node's readFile takes 64 KiB each: of all processes at once, that is megabytes which the
// allocator does not give back. The kernel writes them as they are read, so no disk is waited for, and going by the thread pool would cost
// more than twice the CPU time.
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** Most of them are shorter. */
const part = Buffer.alloc(4096)

/** The text of a file below /proc; rejects as readFile does, such as for a process that is gone. */
export function readProcFile(file: string): Promise<string> {
  return new Promise((resolve) => {
    resolve(readProcFileSync(file))
  })
}

/** The same at once; whoever reads of many processes gives others a turn now and then. */
export function readProcFileSync(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const decoder = new StringDecoder('utf8')
    let text = ''
    for (;;) {
      const length = readSync(descriptor, part)
      if (length === 0) return text + decoder.end()
      text += decoder.write(part.subarray(0, length))
    }
  } finally {
    closeSync(descriptor)
  }
}
