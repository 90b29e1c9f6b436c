// Libraries of Java for tests, by Maven.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { cachedDirectory } from './registry.ts'

const run = promisify(execFile)

/** Why Java tests cannot run here, or undefined when they can. */
export async function whyNoJava(): Promise<string | undefined> {
  try {
    await run('javac', ['-version'])
    await run('mvn', ['--version'])
    return undefined
  } catch {
    return 'needs a JDK (17 or newer) and mvn'
  }
}

/** A class path with exactly these libraries (`group:artifact:version`). Throws RegistryUnreachable. */
export async function javaWith(libraries: readonly string[]): Promise<string> {
  const directory = await cachedDirectory('maven', libraries, async (place) => {
    for (const library of libraries) {
      const copy = ['dependency:copy', `-Dartifact=${library}`, `-DoutputDirectory=${place}`]
      await run('mvn', ['--quiet', '--batch-mode', ...copy], { cwd: place, maxBuffer: 16 << 20 })
    }
  })
  return path.join(directory, '*')
}
