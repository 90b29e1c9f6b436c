// Why a compute is awake and when it sleeps again; of one that sleeps since when and why. Nothing here asks Postgres.
import type { ComputeActivityView, Endpoint } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { formatRelative } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { useNow } from '../../ui/time.tsx'

interface WhyAwakeProps {
  readonly endpoint: Endpoint
  readonly params: { readonly project: string; readonly branch: string }
}

type Because = NonNullable<ComputeActivityView['awake_because']>

/** One line; nothing until it is known. */
export function WhyAwake({ endpoint, params }: WhyAwakeProps) {
  const { data } = useRead('lakelet.getEndpointActivity', {
    params: { ...params, endpoint: endpoint.endpoint_id },
  })
  const now = useNow()
  if (!data) return null
  return (
    <span data-why>
      {sentences(data, endpoint, now).join(' ')}
      {data.last_error !== undefined && data.state !== 'active' && (
        <>
          {' '}
          {t.activity.awake.failed} <ForeignText text={data.last_error} longest={300} />
        </>
      )}
      {data.awake_because && <Client because={data.awake_because} now={now} />}
    </span>
  )
}

/** From where whoever keeps it awake is connected and since when, and what it runs, where the caller may see that. */
function Client({ because, now }: { readonly because: Because; readonly now: number }) {
  const texts = t.activity.awake
  const { session, query } = because
  return (
    <>
      {session && ` ${texts.client(session.client_address, formatRelative(session.since, now))}`}
      {query !== undefined && (
        <code className="mt-1 block" data-why-query>
          <ForeignText text={query} longest={300} />
        </code>
      )}
    </>
  )
}

function sentences(activity: ComputeActivityView, endpoint: Endpoint, now: number): string[] {
  const texts = t.activity.awake
  if (activity.state === 'starting') return [texts.starting]
  if (activity.state === 'stopping') return [texts.stopping]
  if (activity.state !== 'active') {
    const reason = texts.reasons[activity.last_suspend_reason ?? '']
    const isKnown = reason !== undefined
    return [...(isKnown ? [texts.since(formatRelative(activity.since, now)), reason] : []), texts.start]
  }
  const because = activity.awake_because
  return because ? [causeOf(because, now)] : [texts.used(activity.sessions), sleepOf(activity, endpoint, now)]
}

function causeOf(because: Because, now: number): string {
  const texts = t.activity.awake
  const since = because.since === undefined ? '–' : formatRelative(because.since, now)
  if (because.kind === 'autovacuum worker') return texts.vacuum(since)
  const who = [because.application, because.role].filter((part) => part).join(', ') || texts.somebody
  if (because.reason !== undefined && because.state === 'idle')
    return `${texts.other(who, since)} (${t.activity.refusals[because.reason] ?? because.reason})`
  if (because.state === 'active') return texts.statement(who, since)
  return because.state?.startsWith('idle in transaction')
    ? texts.transaction(who, since)
    : texts.other(who, since)
}

function sleepOf(activity: ComputeActivityView, { status }: Endpoint, now: number): string {
  const timeout = status.suspend_timeout_duration
  if (timeout === undefined) return t.activity.awake.never
  const from = new Date(activity.last_active_time ?? activity.since).getTime()
  const at = Math.max(from + Number(timeout.replace(/s$/, '')) * 1000, now)
  return t.activity.awake.sleepsAt(formatRelative(at, now))
}
