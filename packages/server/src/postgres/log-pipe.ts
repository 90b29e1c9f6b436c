// What a server says goes through a named pipe beside its log. The end that is read goes away with a workspace that is killed; the next one, which goes
// on with the server, opens it again. Until then what the server says is lost to it, and it does not wait (EPIPE).
import { execFile } from 'node:child_process'
import { close, constants, open, type Stats } from 'node:fs'
import { lstat, readlink, realpath, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

const opens = promisify(open)
const closes = promisify(close)
const run = promisify(execFile)

export interface LogPipe {
  /** Over when every process that writes has ended. */
  readonly lines: Readable
  /** A descriptor for the server; close it when that has it. */
  readonly writer: number
}

/** The pipe of a server that is about to start. Undefined where this system has none: then nobody hears a server that was taken over. */
export async function openLogPipe(logFile: string): Promise<LogPipe | undefined> {
  if (process.platform !== 'linux') return undefined
  const file = pipeOf(logFile)
  try {
    await ensurePipe(file)
    const lines = await openToRead(file)
    // It is read, so this does not wait.
    const writer = await opens(file, constants.O_WRONLY | constants.O_NOFOLLOW)
    return { lines: readable(lines), writer }
  } catch {
    return undefined
  }
}

/** The same of a server that runs; undefined where it writes elsewhere. */
export async function reopenLogPipe(logFile: string, pid: number): Promise<Readable | undefined> {
  try {
    const file = await realpath(pipeOf(logFile))
    if ((await readlink(`/proc/${pid}/fd/2`)) !== file) return undefined
    return readable(await openToRead(file))
  } catch {
    return undefined
  }
}

/** Called when the server has it, or was not started. */
export async function closeWriter({ writer }: LogPipe): Promise<void> {
  await closes(writer)
}

function pipeOf(logFile: string): string {
  return `${logFile}.pipe`
}

async function ensurePipe(file: string): Promise<void> {
  const found: Stats | undefined = await lstat(file).catch(() => undefined)
  if (found?.isFIFO()) return
  if (found) await rm(file)
  await run('mkfifo', ['-m', '600', file])
}

async function openToRead(file: string): Promise<number> {
  return opens(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
}

function readable(descriptor: number): Readable {
  return new Socket({ fd: descriptor, readable: true, writable: false }).unref()
}
