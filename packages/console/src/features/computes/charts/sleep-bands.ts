import type { EndpointTelemetry } from '@lakelet/api'

/** When a compute slept, in seconds since 1970; `unwatched` where nobody knows, because the workspace did not run. */
export interface Band {
  readonly from: number
  readonly to: number
  readonly kind: 'asleep' | 'unwatched'
}

const KINDS: Readonly<Record<string, Band['kind']>> = {
  idle: 'asleep',
  failed: 'asleep',
  unwatched: 'unwatched',
}

/** The bands of a period, in order. Before its first state there was no compute. */
export function bandsOf({
  states,
  start_time: start,
  end_time: end,
}: Pick<EndpointTelemetry, 'states' | 'start_time' | 'end_time'>): Band[] {
  const [from, to] = [secondsOf(start), secondsOf(end)]
  return states.flatMap(({ time, state }, at) => {
    const kind = KINDS[state]
    const next = states[at + 1]
    const band = { from: Math.max(from, secondsOf(time)), to: next ? secondsOf(next.time) : to }
    return kind && band.to > band.from ? [{ ...band, kind }] : []
  })
}

function secondsOf(time: string): number {
  return new Date(time).getTime() / 1000
}
