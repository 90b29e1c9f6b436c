// Node reads one file of further certificate authorities (NODE_EXTRA_CA_CERTS). Where one is named already, it and ours become one.
import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * The file that NODE_EXTRA_CA_CERTS is to name: `caFile`, or one in `directory` that has the authorities of `present` too. Undefined where that
 * cannot be written.
 */
export async function authoritiesFile(
  caFile: string,
  present: string | undefined,
  directory: string,
): Promise<string | undefined> {
  if (!present || present === caFile) return caFile
  if (path.dirname(present) === directory && path.basename(present).startsWith(PREFIX)) return present
  const name = createHash('sha256').update(path.resolve(present)).digest('hex').slice(0, 8)
  const both = path.join(directory, `${PREFIX}${name}.pem`)
  try {
    const theirs = await readFile(present, 'utf8').catch(() => '')
    const building = `${both}.${process.pid}.tmp`
    await writeFile(building, `${theirs.trimEnd()}\n${await readFile(caFile, 'utf8')}`)
    await rename(building, both)
    return both
  } catch {
    return undefined
  }
}

const PREFIX = 'authorities-'
