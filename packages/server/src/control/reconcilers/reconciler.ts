// A loop that makes the world agree with what is stored. It takes no input: each round reads everything anew and does the
// same thing, so a lost wake-up or a crash costs nothing but time. One round runs at a time.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { Signal } from '../../base/signal.ts'

export interface ReconcilerOptions {
  readonly name: string
  /** One round. What it throws is logged; the next round tries again. */
  readonly round: (signal: AbortSignal) => Promise<void>
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
}

export interface Reconciler extends AsyncDisposable {
  /** Asks for a round soon. */
  wake(): void
}

/** Begins with a round at once; disposing waits for the running one. */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  const stopping = new AbortController()
  const woken = new Signal()
  const running = loop(options, woken, stopping.signal)
  return {
    wake: () => woken.notify(),
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error(`${options.name} stops`))
      await running
    },
  }
}

async function loop(options: ReconcilerOptions, woken: Signal, signal: AbortSignal): Promise<void> {
  const { name, round, everyMs, clock, log } = options
  while (!signal.aborted) {
    // Taken before the round, so that a wake-up during it is not lost.
    const wakeUp = woken.wait()
    await round(signal).catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error, reconciler: name }, 'a round of reconciling failed')
    })
    // An abort during the round has been announced already; nobody would end the pause.
    if (signal.aborted) return
    const pause = new AbortController()
    const stopPause = () => pause.abort(new Error('woken'))
    signal.addEventListener('abort', stopPause, { once: true })
    await Promise.race([wakeUp, clock.sleep(everyMs, pause.signal).catch(() => undefined)])
    signal.removeEventListener('abort', stopPause)
    stopPause()
  }
}
