// The reply of a call that takes its time: lines of JSON, as it goes on, and a last one that says how it ended.
import type { Clock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { Signal } from '../../base/signal.ts'

/** Shorter than the idle limits of common proxies. */
const KEEP_ALIVE_MS = 15_000

/** Does `work` and yields what it says. Where the client goes, the signal that `work` is given aborts, and its end is awaited. */
export async function* progressLines(
  work: (say: (message: string) => void, signal: AbortSignal) => Promise<object>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const lines: object[] = []
  const woken = new Signal()
  const leaving = new AbortController()
  let isOver = false
  const say = (line: object) => {
    lines.push(line)
    woken.notify()
  }
  const running = work((progress) => say({ progress }), AbortSignal.any([signal, leaving.signal]))
    .then(
      (done) => say({ done }),
      (error: unknown) => say({ error: bodyOf(error, log) }),
    )
    .finally(() => {
      isOver = true
      woken.notify()
    })
  try {
    for (;;) {
      const wakeUp = woken.wait()
      for (const line of lines.splice(0)) yield `${JSON.stringify(line)}\n`
      if (isOver) return
      const pause = new AbortController()
      const keptAlive = clock.sleep(KEEP_ALIVE_MS, pause.signal).then(
        () => true,
        () => false,
      )
      const isQuiet = await Promise.race([wakeUp.then(() => false), keptAlive])
      pause.abort(new Error('woken'))
      if (isQuiet) yield '\n'
    }
  } finally {
    leaving.abort(new LakeletError('client_gone'))
    await running
  }
}

function bodyOf(error: unknown, log: Logger): { readonly error_code: string; readonly message: string } {
  if (error instanceof LakeletError) return { error_code: error.entry.errorCode, message: error.message }
  log.error({ err: error }, 'a call that answers line by line failed')
  return {
    error_code: 'INTERNAL_ERROR',
    message: 'It failed for a reason that is in the log of the workspace.',
  }
}
