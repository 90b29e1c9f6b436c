import { computeControlRoutes, type EndpointParkingView } from '@lakelet/api'
import { defineCommand } from '../command/define-command.ts'
import { findEndpoint, paramsOf, targetOf, targetOptions } from '../postgres/endpoint-target.ts'

export const parking = defineCommand({
  path: ['parking'],
  summary: 'Show or say whether idle sessions stay while a compute sleeps',
  description:
    'A parked session has no Postgres; with its next statement its compute wakes and it goes on with what it had set up. Without parking, sessions end with SQLSTATE 57P01 when their compute sleeps, as on Lakebase. Nothing is woken.',
  arguments: {
    target: { summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]', optional: true },
  },
  options: {
    ...targetOptions,
    sessions: {
      value: 'WHAT',
      summary: 'on: they are parked; off: they end; default: as the workspace is configured',
      choices: ['on', 'off', 'default'],
    },
  },
  examples: [
    { run: 'lakelet parking projects/my-app-db', does: 'what becomes of the idle sessions of its compute' },
    { run: 'lakelet parking projects/my-app-db --sessions off', does: 'has them end, as on Lakebase' },
  ],
  async handler(context, { arguments: { target }, options: { sessions, ...options } }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const params = paramsOf(await findEndpoint(context, targetOf(target, options)))
    const view =
      sessions === undefined
        ? await client.call(computeControlRoutes.getParking, { params }, signal)
        : await client.call(computeControlRoutes.setParking, { params, body: { sessions } }, signal)
    out.data(view, { lines: [lineOf(view), ...nowOf(view)] })
  },
})

/** What is parked now, and how much of what may be kept that takes. */
function nowOf({
  parked_sessions: sessions,
  parked_bytes: bytes,
  max_parked_bytes: most,
}: EndpointParkingView): string[] {
  const megabytes = (each: number) => (each / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })
  if (sessions === 0) return []
  const room = `${megabytes(bytes)} MB of memory; ${megabytes(most)} MB are there for those of the workspace`
  return [`Parked now: ${sessions} (${room}).`]
}

function lineOf({
  sessions,
  is_default: isDefault,
  keep_awake_seconds: seconds,
}: EndpointParkingView): string {
  const why = isDefault ? ' (as the workspace is configured)' : ''
  return sessions === 'on'
    ? `Idle sessions are parked${why}; one that cannot be keeps its compute awake for ${seconds} s.`
    : `Idle sessions end with 57P01 when their compute sleeps${why}.`
}
