// Programs of Go with real modules, built for tests.
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { cachedDirectory } from './registry.ts'

const run = promisify(execFile)

/** Why Go tests cannot run here, or undefined when they can. */
export async function whyNoGo(): Promise<string | undefined> {
  try {
    await run('go', ['version'])
    return undefined
  } catch {
    return 'needs go'
  }
}

/** The executable of the Go module in this directory. Throws RegistryUnreachable. */
export async function goProgram(source: string): Promise<string> {
  const files = (await readdir(source)).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(path.join(source, file), 'utf8')))
  const directory = await cachedDirectory('go', texts, async (place) => {
    await run('go', ['build', '-o', path.join(place, 'program'), '.'], { cwd: source, maxBuffer: 16 << 20 })
  })
  return path.join(directory, 'program')
}
