// Runs SQL and reads its lines as they come.
import type { SqlEvent, SqlRunBody } from '@lakelet/api'
import { call, send } from '../../api/call.ts'

export interface SqlRequest extends Omit<SqlRunBody, 'run_id'> {
  readonly runId: string
}

/** The events of a run, in order. Ends without an `end` event when the connection breaks; throws ApiError when it is refused. */
export async function* runSql({ runId, ...body }: SqlRequest, signal: AbortSignal): AsyncGenerator<SqlEvent> {
  const reply = await send('sql.run', { body: { run_id: runId, ...body } }, signal)
  if (!reply.body) return
  const reader = reply.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
    if (done || value === undefined) return
    const lines = `${rest}${decoder.decode(value, { stream: true })}`.split('\n')
    rest = lines.pop() ?? ''
    // The lines are what the contract's SqlEvent says.
    for (const line of lines) yield JSON.parse(line) as SqlEvent
  }
}

/** Asks Postgres to cancel; the run's own stream then tells how it ended. */
export async function cancelRun(run: string): Promise<void> {
  await call('sql.cancel', { params: { run } })
}
