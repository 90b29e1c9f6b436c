import { useRead } from '../../api/queries.ts'
import { useParam } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Page, Skeleton } from '../../ui/page.tsx'
import { ComputeCard } from './ComputeCard.tsx'

export function ComputesPage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const { data, error, refetch } = useRead('postgres.listEndpoints', { params })
  return (
    <Page title={t.computes.title} intro={t.computes.intro}>
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Skeleton />}
      {data?.endpoints?.map((endpoint) => (
        <ComputeCard key={endpoint.uid} endpoint={endpoint} params={params} />
      ))}
    </Page>
  )
}
