// What was measured of the compute of an endpoint, for whoever may use its project.
import { durationOf, type EndpointTelemetry, secondsOf } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import { type ComputeHistory, KEPT_SECONDS } from '../../telemetry/index.ts'
import type { ControlContext } from '../context.ts'
import { levelOn } from '../rules/project-access.ts'
import { liveEndpoint } from '../rules/resolve.ts'
import { viewTelemetry } from '../views/telemetry.ts'
import type { EndpointPath } from './endpoints.ts'

const HOUR = 3_600
/** Points that one reply may have. */
const MOST_POINTS = 5_000

/** As a client asks for it. */
export interface TelemetryQuery {
  readonly start_time?: string | undefined
  readonly end_time?: string | undefined
  readonly step?: string | undefined
}

type Context = Pick<ControlContext, 'metadata' | 'clock' | 'principals'>

export class TelemetryService {
  readonly #context: Context
  readonly #history: Pick<ComputeHistory, 'read'>

  constructor(context: Context, history: Pick<ComputeHistory, 'read'>) {
    this.#context = context
    this.#history = history
  }

  /** LakeletError `invalid_parameter` for a period or a step that makes no sense. */
  async read(caller: Caller, path: EndpointPath, query: TelemetryQuery): Promise<EndpointTelemetry> {
    const rows = await liveEndpoint(this.#context.metadata.db, path)
    const period = periodOf(query, this.#context.clock.now().getTime() / 1000)
    const seesAll = (await levelOn(this.#context, caller, rows.project)) === 'CAN_MANAGE'
    const past = this.#history.read(rows.endpoint.uid, period)
    return viewTelemetry(rows, period, past, (role) => seesAll || role === caller.name)
  }
}

/** Whole seconds; what is older than anything that is kept is cut off, and so is the future. */
function periodOf({ start_time, end_time, step }: TelemetryQuery, now: number) {
  const to = Math.min(end_time === undefined ? Infinity : seconds(end_time), Math.ceil(now))
  const from = Math.max(
    start_time === undefined ? to - HOUR : seconds(start_time),
    Math.floor(now) - KEPT_SECONDS,
  )
  if (from >= to)
    throw invalid('start_time must be before end_time and before now, and end_time within the last 31 days')
  if (step === undefined) return { from, to }
  const wanted = secondsOf(step)
  if (wanted < 1) throw invalid("step must be at least one second, such as '60s'")
  if ((to - from) / wanted > MOST_POINTS) {
    const least = durationOf(Math.ceil((to - from) / MOST_POINTS))
    throw invalid(
      `a step of ${step} makes more than ${MOST_POINTS} points of this period; take at least ${least}`,
    )
  }
  return { from, to, step: wanted }
}

function seconds(time: string): number {
  return Math.floor(new Date(time).getTime() / 1000)
}

function invalid(reason: string): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
