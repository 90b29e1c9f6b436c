// One compute: what it does, how large it may be, when it sleeps, and what can be done with it.
import type { Endpoint } from '@lakelet/api'
import { endpointActions } from '@lakelet/api/actions'
import { lazy, Suspense, useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { refresh } from '../../api/queries.ts'
import { formatDuration } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Ellipsis } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { Problem } from '../branch/Problem.tsx'
import { EditCompute } from './EditCompute.tsx'
import { Members } from './Members.tsx'
import { ParkingDetail } from './Parking.tsx'
import { ReplicaLag } from './ReplicaLag.tsx'
import { isServing } from './use-compute.ts'
import { WhyAwake } from './WhyAwake.tsx'
import { WhySize } from './WhySize.tsx'
import { useEndpointReasons } from './use-reasons.ts'

/** Charts come when the rest is there already. */
const ComputeCharts = lazy(async () => ({
  default: (await import('./charts/ComputeCharts.tsx')).ComputeCharts,
}))

interface ComputeCardProps {
  readonly endpoint: Endpoint
  readonly params: { readonly project: string; readonly branch: string }
}

export function ComputeCard({ endpoint, params: branch }: ComputeCardProps) {
  const [isEditing, setEditing] = useState(false)
  const { status } = endpoint
  const isReplica = status.endpoint_type === 'ENDPOINT_TYPE_READ_ONLY'
  const reasonFor = useEndpointReasons(endpointActions, endpoint, branch)
  const params = { ...branch, endpoint: endpoint.endpoint_id }
  const { busy, failure, wake, suspend, restart, toggle } = useComputeActions(params, status.disabled)
  return (
    <div className="panel mb-4 px-5 py-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h3 className="text-body">
          <bdi>{endpoint.endpoint_id}</bdi>
        </h3>
        <StateBadge
          state={status.current_state}
          pending={status.pending_state}
          isDisabled={status.disabled}
        />
        {isReplica && <span className="text-dim">{t.computes.replica}</span>}
        <span className="text-dim">
          {t.computes.sizeRange(status.autoscaling_limit_min_cu ?? 0, status.autoscaling_limit_max_cu ?? 0)}
        </span>
        <div className="ml-auto flex flex-wrap gap-2">
          {isServing(status) ? (
            <Button
              onClick={() => void suspend()}
              disabledReason={reasonFor('suspend')}
              isBusy={busy === 'suspend'}
            >
              {t.computes.suspend}
            </Button>
          ) : (
            <Button onClick={() => void wake()} disabledReason={reasonFor('wake')} isBusy={busy === 'wake'}>
              {t.computes.wake}
            </Button>
          )}
          <Button onClick={() => setEditing(true)}>{t.common.edit}</Button>
          <MoreActions
            endpoint={endpoint}
            restartReason={reasonFor('restart')}
            onRestart={() => void restart()}
            onToggle={() => void toggle()}
          />
        </div>
      </div>
      <Failure error={failure} />
      <p className="mt-2 text-dim">
        <WhyAwake endpoint={endpoint} params={branch} />
      </p>
      {isReplica && <ReplicaLag endpoint={endpoint} params={branch} />}
      <Members endpoint={endpoint} params={branch} />
      <WhySize endpoint={endpoint} params={branch} />
      <Details endpoint={endpoint} params={params} />
      <Past params={params} />
      {isEditing && <EditCompute endpoint={endpoint} params={params} onClose={() => setEditing(false)} />}
    </div>
  )
}

function Failure({ error }: { readonly error: unknown }) {
  if (error === undefined) return null
  return (
    <div className="mt-3">
      <ErrorPanel error={error} />
    </div>
  )
}

function Past({ params }: { readonly params: EndpointParams }) {
  return (
    <Suspense fallback={null}>
      <ComputeCharts params={params} />
    </Suspense>
  )
}

interface EndpointParams {
  readonly project: string
  readonly branch: string
  readonly endpoint: string
}

function useComputeActions(params: EndpointParams, isDisabled: boolean) {
  const [busy, setBusy] = useState<'wake' | 'suspend' | 'restart' | 'toggle'>()
  const [failure, setFailure] = useState<unknown>()
  const act = async (what: NonNullable<typeof busy>, work: () => Promise<unknown>, done: string) => {
    setBusy(what)
    setFailure(undefined)
    try {
      await work()
      say(done)
    } catch (caught) {
      setFailure(caught)
    } finally {
      setBusy(undefined)
      await refresh('')
    }
  }
  const wake = () => act('wake', () => call('lakelet.wakeEndpoint', { params, body: {} }), t.computes.woken)
  const suspend = () =>
    act('suspend', () => call('lakelet.suspendEndpoint', { params, body: {} }), t.computes.suspended)
  const restart = () =>
    act('restart', () => call('lakelet.restartEndpoint', { params, body: {} }), t.computes.restarted)
  const toggle = () => act('toggle', () => setDisabled(params, !isDisabled), t.common.saved)
  return { busy, failure, wake, suspend, restart, toggle }
}

function MoreActions(props: {
  readonly endpoint: Endpoint
  readonly restartReason: string | undefined
  readonly onRestart: () => void
  readonly onToggle: () => void
}) {
  const { endpoint } = props
  const { status } = endpoint
  return (
    <Menu
      trigger={
        <Button variant="quiet" className="px-2" aria-label={`${t.common.more}: ${endpoint.endpoint_id}`}>
          <Ellipsis size={16} aria-hidden />
        </Button>
      }
      groups={[
        {
          entries: [
            {
              label: t.computes.restart,
              onSelect: props.onRestart,
              disabledReason: props.restartReason,
            },
            {
              label: status.disabled ? t.computes.enable : t.computes.disable,
              onSelect: props.onToggle,
            },
          ],
        },
      ]}
    />
  )
}

async function setDisabled(params: EndpointParams, disabled: boolean): Promise<void> {
  const query = { update_mask: 'spec.disabled' }
  await finished(await call('postgres.updateEndpoint', { params, query, body: { spec: { disabled } } }))
}

function Details({ endpoint, params }: { readonly endpoint: Endpoint; readonly params: EndpointParams }) {
  const { status } = endpoint
  const timeout = status.suspend_timeout_duration
  return (
    <>
      <Problem problem={status.problem} only="compute" />
      <dl className="mt-3 grid gap-x-6 gap-y-1.5 sm:grid-cols-[max-content_minmax(0,1fr)] max-sm:[&_dd]:mb-1.5">
        <dt className="text-dim">{t.computes.asleepAfter}</dt>
        <dd>{timeout === undefined ? t.computes.never : formatDuration(timeout)}</dd>
        <ParkingDetail params={params} />
        <dt className="text-dim">{t.computes.lastActive}</dt>
        <dd>{status.last_active_time ? <Time at={status.last_active_time} /> : t.common.never}</dd>
        <dt className="text-dim">{t.computes.host}</dt>
        <dd>
          <CopyField label={t.computes.host} value={status.hosts.host} />
        </dd>
        <dt className="text-dim">{t.computes.name}</dt>
        <dd>
          <CopyField label={t.computes.name} value={endpoint.name} />
        </dd>
      </dl>
    </>
  )
}
