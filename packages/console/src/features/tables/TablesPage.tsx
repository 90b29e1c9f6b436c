import { useParam, useSearchValue } from '../../shell/params.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { LinkButton } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import { SelectField } from '../../ui/form.tsx'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { Asleep } from '../computes/Asleep.tsx'
import { useCompute } from '../computes/use-compute.ts'
import { useCatalog } from '../sql/catalog.ts'
import { TableView } from './TableView.tsx'

const DATABASE = 'databricks_postgres'

export function TablesPage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const { endpoint, isAwake, error } = useCompute(params)
  const catalog = useCatalog({ ...params, database: DATABASE }, isAwake)
  const [chosen, choose] = useSearchValue('table')
  const relations = catalog.data ?? []
  const names = relations.map(({ schema, name }) => `${schema}.${name}`)
  const at = Math.max(0, names.indexOf(chosen ?? 'public.notes'))
  const relation = relations[at]
  const problem = error ?? catalog.error
  return (
    <Page title={t.tables.title} isWide>
      {problem && <ErrorPanel error={problem} onRetry={() => void catalog.refetch()} />}
      {endpoint && !isAwake && <Asleep params={{ ...params, endpoint: endpoint.endpoint_id }} />}
      {isAwake && !problem && !catalog.data && <Skeleton />}
      {isAwake && catalog.data && !relation && (
        <Empty title={t.tables.emptyTitle}>
          <p>{t.tables.empty}</p>
          <LinkButton to={paths.branch(params.project, params.branch, '/sql')}>{t.sql.title}</LinkButton>
        </Empty>
      )}
      {isAwake && relation && (
        <>
          <div className="max-w-[360px]">
            <SelectField
              label={t.tables.choose}
              value={names[at]}
              onChange={(event) => choose(event.target.value)}
              options={names.map((name) => [name, visible(name)])}
            />
          </div>
          <TableView
            key={`${params.project}/${params.branch} ${names[at]}`}
            params={params}
            relation={relation}
          />
        </>
      )}
    </Page>
  )
}
