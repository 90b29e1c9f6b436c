// Files that only help (remembered ports, what is told to other programs): a damaged one is put beside and made again. Nothing of the
// kind keeps a workspace from starting.
import { renameSync, rmSync } from 'node:fs'
import { writeFileAtomic } from '../base/files.ts'

/** Renames `file` to `<file>.damaged`, whatever it is, and says so in one sentence. */
export function setFileAside(file: string, reason: string): string {
  const aside = `${file}.damaged`
  try {
    rmSync(aside, { recursive: true, force: true })
    renameSync(file, aside)
    return `The file ${file} could not be used (${reason}); it is now ${aside}, and a new one was made.`
  } catch (error) {
    return `The file ${file} could not be used (${reason}) and could not be set aside (${reasonOf(error)}).`
  }
}

/** Replaces such a file; what lies in the way (a directory) is set aside. Returns the sentences that a person should read. */
export async function writeSideFile(file: string, text: string, mode: number): Promise<string[]> {
  try {
    await writeFileAtomic(file, text, { mode })
    return []
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    const notice = setFileAside(file, 'it is a directory')
    await writeFileAtomic(file, text, { mode })
    return [notice]
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
