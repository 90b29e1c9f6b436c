import { useParam } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Page, Section, Skeleton } from '../../ui/page.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Asleep } from '../computes/Asleep.tsx'
import { useCompute } from '../computes/use-compute.ts'
import { WhyAwake } from '../computes/WhyAwake.tsx'
import { ActiveQueries } from './ActiveQueries.tsx'
import { QueryPerformance } from './QueryPerformance.tsx'
import { Sessions } from './Sessions.tsx'

export function ActivityPage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const { endpoint, isAwake, error } = useCompute(params)
  return (
    <Page title={t.activity.title} intro={t.activity.intro}>
      {error && <ErrorPanel error={error} />}
      {!error && !endpoint && <Skeleton />}
      {endpoint && (
        <Section title={t.activity.now}>
          <p className="panel flex flex-wrap items-center gap-3 px-5 py-3">
            <StateBadge
              state={endpoint.status.current_state}
              pending={endpoint.status.pending_state}
              isDisabled={endpoint.status.disabled}
            />
            <WhyAwake endpoint={endpoint} params={params} />
          </p>
        </Section>
      )}
      {endpoint && <Sessions params={{ ...params, endpoint: endpoint.endpoint_id }} />}
      {endpoint && !isAwake && <Asleep params={{ ...params, endpoint: endpoint.endpoint_id }} />}
      {endpoint && isAwake && (
        <>
          <ActiveQueries params={params} />
          <QueryPerformance params={params} />
        </>
      )}
    </Page>
  )
}
