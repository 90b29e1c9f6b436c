// Whether a new version of an app answers as its deployment says, before visitors are sent to it.
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { AppHealthCheck } from '@lakelet/api'
import { LakeletError } from '../base/errors.ts'
import type { AppProcess } from './app-process.ts'
import type { ListeningSocket } from './process-table.ts'

/** How long an app may take to pass where the check does not say. */
const DEFAULT_SECONDS = 60
const PAUSE_MS = 250
/** An answer that begins no sooner counts as none. */
const ANSWER_MS = 10_000

/**
 * Asks until the answer is good (2xx or 3xx); LakeletError `app_unhealthy` when it is not in time or the app ends, or the signal's
 * reason.
 */
export async function untilHealthy(
  { path, timeout }: AppHealthCheck,
  app: Pick<AppProcess, 'socket' | 'exited' | 'tail'>,
  signal: AbortSignal,
): Promise<void> {
  const seconds = timeout === undefined ? DEFAULT_SECONDS : Number.parseFloat(timeout)
  const deadline = performance.now() + seconds * 1000
  let ending: string | undefined
  void app.exited.then((exit) => (ending = exit.ending))
  for (;;) {
    signal.throwIfAborted()
    const answer = await answerAt(app.socket, path)
    if (answer.isGood) return
    if (ending !== undefined)
      throw new LakeletError('app_unhealthy', { path, answer: `(the app ${ending})`, log: app.tail() })
    if (performance.now() >= deadline) {
      const words = `${answer.words} for ${seconds} s`
      throw new LakeletError('app_unhealthy', { path, answer: words, log: app.tail() })
    }
    await Promise.race([delay(PAUSE_MS), app.exited])
  }
}

interface Answer {
  readonly isGood: boolean
  readonly words: string
}

function answerAt({ host, port }: ListeningSocket, path: string): Promise<Answer> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, agent: false, timeout: ANSWER_MS }, (reply) => {
      const status = reply.statusCode ?? 0
      resolve({ isGood: status >= 200 && status < 400, words: `answered ${status}` })
      // Nothing of the body is needed.
      asked.destroy()
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => {
      resolve({ isGood: false, words: 'was not answered' })
    })
    asked.end()
  })
}
