// Whether a server accepts connections, as the postmaster itself notes it: the last line of its postmaster.pid
// (src/include/utils/pidfile.h, LOCK_FILE_LINE_PM_STATUS). It is the server's own file; what users write never gets there, as it does
// into the log. After the crash of a backend the postmaster recovers without changing that line: only a connection tells.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { isFrozen } from './server-processes.ts'

const PID_LINE = 0
const STATUS_LINE = 7
/** `standby` is a hot standby that accepts read-only sessions, or a recovery that has come to a consistent state. */
const ACCEPTING = new Set(['ready', 'standby'])
const PROMOTED = new Set(['ready'])

/** A start takes 30 ms, and a client waits for it; a recovery may take minutes, and nobody counts milliseconds then. */
const EAGER_MS = 500
const EAGER_POLL_MS = 2
const PATIENT_POLL_MS = 25
/** How long a server that somebody stopped (SIGSTOP) may stay so while it starts. */
const FROZEN_MS = 10_000

/** True when the postmaster with this pid says that it lets connections in. */
export function isAccepting(dataDirectory: string, pid: number, statuses = ACCEPTING): boolean {
  let text: string
  try {
    text = readFileSync(path.join(dataDirectory, 'postmaster.pid'), 'latin1')
  } catch {
    return false
  }
  const lines = text.split('\n')
  return Number(lines[PID_LINE]) === pid && statuses.has((lines[STATUS_LINE] ?? '').trim())
}

/**
 * `ready` when the postmaster lets connections in, however long its recovery takes; `frozen` when it is stopped by a signal and nobody
 * lets it go on. With `promoted`, a standby is not enough. Rejects with the reason of `signal`.
 */
export async function untilAccepting(
  dataDirectory: string,
  pid: number,
  signal: AbortSignal,
  options: { readonly clock?: Clock; readonly promoted?: boolean | undefined } = {},
): Promise<'ready' | 'frozen'> {
  const { clock = systemClock, promoted } = options
  const statuses = promoted === true ? PROMOTED : ACCEPTING
  const began = clock.monotonicMs()
  let frozenSince: number | undefined
  while (!isAccepting(dataDirectory, pid, statuses)) {
    signal.throwIfAborted()
    const waitedMs = clock.monotonicMs() - began
    await clock.sleep(waitedMs < EAGER_MS ? EAGER_POLL_MS : PATIENT_POLL_MS, signal)
    if (waitedMs < EAGER_MS) continue
    frozenSince = (await isFrozen(pid)) ? (frozenSince ?? clock.monotonicMs()) : undefined
    if (frozenSince !== undefined && clock.monotonicMs() - frozenSince > FROZEN_MS) return 'frozen'
  }
  return 'ready'
}
