// The clock: tokens and credentials live by it, and so does the past of a branch.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type Finding, ok, problem } from './finding.ts'

/** Seconds that two clocks may differ; the Date of a reply has no fractions. */
const TOLERATED_SECONDS = 5
/** Written again and again while a workspace runs. */
const WRITTEN = ['lakelet.log', 'metadata.sqlite', 'metadata.sqlite-wal', 'workspace.json']

/** Whether the clock was set back since a workspace last wrote into `dataDir`, and whether it is that of the workspace at `host`. */
export async function clockFindings(
  dataDir: string,
  host: string | undefined,
  send: typeof fetch,
  now: () => number = Date.now,
): Promise<Finding[]> {
  const behind = (await lastWritten(dataDir)) - now()
  const setBack =
    behind > TOLERATED_SECONDS * 1000
      ? [
          problem(
            'clock',
            `files in ${dataDir} were written ${duration(behind)} from now`,
            'The clock was set back, or was wrong before. Tokens made meanwhile are not valid yet, and a moment of a branch cannot be named by its time.',
            'Set the clock right (timedatectl set-ntp true), then restart the workspace.',
          ),
        ]
      : []
  const skewed = host === undefined ? [] : await skewFindings(host, send, now)
  const found = [...setBack, ...skewed]
  return found.length > 0 ? found : [ok('clock', 'the clock fits what was written')]
}

async function skewFindings(host: string, send: typeof fetch, now: () => number): Promise<Finding[]> {
  const before = now()
  const reply = await send(new URL('/healthz', host), { method: 'HEAD' }).catch(() => undefined)
  const after = now()
  const there = Date.parse(reply?.headers.get('date') ?? '')
  if (Number.isNaN(there)) return []
  // Between asking and the answer it was some time or other, to the second.
  const skew = there > after ? there - after : Math.max(0, before - (there + 1000))
  if (skew <= TOLERATED_SECONDS * 1000) return []
  return [
    problem(
      'clock',
      `the clock of ${host} is ${duration(skew)} ${there > after ? 'ahead' : 'behind'}`,
      'Tokens and credentials are refused as expired, or as not valid yet.',
      'Set both clocks right (timedatectl set-ntp true).',
    ),
  ]
}

/** Milliseconds since 1970; 0 where nothing was. */
async function lastWritten(dataDir: string): Promise<number> {
  const times = await Promise.all(
    WRITTEN.map((name) =>
      stat(path.join(dataDir, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return Math.max(...times)
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} seconds`
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`
}
