// Warnings and errors of the workspace on this machine, while an app runs.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { followLines } from '../local/follow-file.ts'
import { SEVERITIES, levelOf, textOf } from '../local/log-lines.ts'

/** Shows those that are written from now on, until it is disposed of. */
export function showWarnings(dataDir: string, show: (line: string) => void): AsyncDisposable {
  const file = path.join(dataDir, 'lakelet.log')
  const stop = new AbortController()
  const done = existsSync(file) ? follow(file, show, stop.signal) : Promise.resolve()
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done
    },
  }
}

async function follow(file: string, show: (line: string) => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const line of followLines(file, signal))
      if (levelOf(line) >= SEVERITIES.warn) show(textOf(line))
  } catch (error) {
    show(`the log of the workspace cannot be read: ${String(error)}`)
  }
}
