import type { SqlEvent } from '@lakelet/api'
import type { Statement } from '@lakelet/api/sql'
import { useCallback, useRef, useState } from 'react'
import { refresh } from '../../api/queries.ts'
import { close, newResult, type RunResult, take } from './results.ts'
import { cancelRun, runSql, type SqlRequest } from './stream.ts'

/** Between two looks at rows that still come; the first are shown at once. */
const PAINT_EVERY_MS = 250

/** What there is to show before the next statement ends. */
function hasNews({ event }: SqlEvent): boolean {
  return event !== 'accepted' && event !== 'columns'
}

/** Runs statements one run at a time. `version` changes whenever the result has. */
export function useRun(target: Omit<SqlRequest, 'runId' | 'statements'>) {
  const result = useRef<RunResult>(undefined)
  const running = useRef<string>(undefined)
  // Where the result is from: what another moment gave is not shown as this one's.
  const ranAt = useRef('')
  const here = `${target.endpoint} ${target.time ?? target.lsn ?? ''}`
  const [version, setVersion] = useState(0)
  const [failure, setFailure] = useState<unknown>()
  const paint = () => setVersion((before) => before + 1)

  const run = async (statements: readonly Statement[]) => {
    if (running.current !== undefined || statements.length === 0) return
    const runId = crypto.randomUUID()
    running.current = runId
    const current = newResult(statements)
    result.current = current
    ranAt.current = here
    setFailure(undefined)
    paint()
    let painted = -PAINT_EVERY_MS
    try {
      const request = { ...target, runId, statements: statements.map(({ text }) => ({ text })) }
      for await (const event of runSql(request, new AbortController().signal)) {
        take(current, event)
        if (performance.now() - painted < PAINT_EVERY_MS || !hasNews(event)) continue
        painted = performance.now()
        paint()
        // Lets the browser paint while much is coming.
        await new Promise((resolve) => setTimeout(resolve))
      }
    } catch (error) {
      setFailure(error)
    } finally {
      close(current)
      running.current = undefined
      paint()
      void refresh('postgres.listEndpoints', 'lakelet.getOverview')
    }
  }
  const cancel = useCallback(() => {
    if (running.current !== undefined) void cancelRun(running.current).catch(() => {})
  }, [])
  const isOfHere = ranAt.current === here
  return {
    result: isOfHere ? result.current : undefined,
    version,
    failure: isOfHere ? failure : undefined,
    run,
    cancel,
  }
}
