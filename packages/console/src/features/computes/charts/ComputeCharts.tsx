// What a compute did in a period of the last month. Looking asks the workspace, never Postgres, so it wakes nothing.
import { useMemo, useState } from 'react'
import { useRead } from '../../../api/queries.ts'
import { t } from '../../../text/index.ts'
import { ErrorPanel } from '../../../ui/error-panel.tsx'
import { Skeleton } from '../../../ui/page.tsx'
import { TabList } from '../../../ui/tabs.tsx'
import { Time, useNow } from '../../../ui/time.tsx'
import { chartsOf } from './chart-data.ts'
import { bandsOf } from './sleep-bands.ts'
import { TopStatements } from './TopStatements.tsx'
import { TimeSeries } from './TimeSeries.tsx'

const HOUR = 3_600
const PERIODS = { hour: HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR, month: 30 * 24 * HOUR } as const
const CHANGES_SHOWN = 10
/** A period ends at a whole half minute, so that the same question is asked by all who look. */
const ROUND_MS = 30_000

interface ComputeChartsProps {
  readonly params: { readonly project: string; readonly branch: string; readonly endpoint: string }
}

export function ComputeCharts({ params }: ComputeChartsProps) {
  const [period, setPeriod] = useState<keyof typeof PERIODS>('hour')
  const end = Math.ceil(useNow() / ROUND_MS) * ROUND_MS
  const query = {
    start_time: new Date(end - PERIODS[period] * 1000).toISOString(),
    end_time: new Date(end).toISOString(),
  }
  const { data, error, refetch } = useRead('lakelet.getEndpointTelemetry', { params, query })
  const charts = useMemo(() => data && chartsOf(data), [data])
  const bands = useMemo(() => data && bandsOf(data), [data])
  const texts = t.charts
  return (
    <section aria-label={texts.title} className="mt-4 border-t border-line pt-3">
      <TabList
        label={texts.period}
        tabs={(['hour', 'day', 'week', 'month'] as const).map((each) => [each, texts.periods[each]])}
        chosen={period}
        onChoose={setPeriod}
        className="mb-3 flex-wrap"
      />
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Skeleton />}
      {data && charts && bands && (
        <>
          <p className="mb-3 flex items-center gap-2 text-meta text-dim">
            <span aria-hidden="true" className="hatch inline-block h-3 w-5 border border-line" />
            {texts.sleep}
          </p>
          <div className="grid gap-x-8 gap-y-5 lg:grid-cols-2">
            {charts.map((chart) => (
              <TimeSeries key={chart.key} chart={chart} at={data.ts} bands={bands} />
            ))}
          </div>
          <Waits waits={data.wait_event_counters} />
          <TopStatements statements={data.pg_stat_statements_counters} />
          <SizeChanges decisions={data.decisions} />
        </>
      )}
    </section>
  )
}

function Waits({ waits }: { readonly waits: readonly Wait[] }) {
  const texts = t.charts
  if (waits.length === 0) return null
  const all = waits.reduce((sum, { count }) => sum + count, 0)
  return (
    <p className="mt-4 text-meta text-dim">
      {texts.waits}{' '}
      <bdi>
        {waits
          .slice(0, 5)
          .map(({ wait_event_type: type, wait_event: event, count }) =>
            texts.wait(event === undefined ? type : `${type}:${event}`, Math.round((count / all) * 100)),
          )
          .join(' · ')}
      </bdi>
    </p>
  )
}

interface Wait {
  readonly wait_event_type: string
  readonly wait_event?: string | undefined
  readonly count: number
}

interface Decision {
  readonly time: string
  readonly from_cu: number
  readonly to_cu: number
  readonly terms?:
    | { readonly cpu_cu: number; readonly memory_cu: number; readonly working_set_cu?: number | undefined }
    | undefined
}

function SizeChanges({ decisions }: { readonly decisions: readonly Decision[] }) {
  const texts = t.charts
  if (decisions.length === 0) return null
  return (
    <details className="mt-3">
      <summary className="cursor-pointer text-dim">{texts.changes(decisions.length)}</summary>
      <ul className="mt-2 text-meta text-dim">
        {decisions
          .slice(-CHANGES_SHOWN)
          .toReversed()
          .map(({ time, from_cu: from, to_cu: to, terms }) => (
            <li key={time}>
              <Time at={time} /> {t.computes.sizing.changed(from, to)}
              {terms && ` (${texts.terms(terms.cpu_cu, terms.memory_cu, terms.working_set_cu)})`}
            </li>
          ))}
      </ul>
    </details>
  )
}
