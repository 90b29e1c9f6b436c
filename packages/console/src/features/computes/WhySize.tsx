// Why a compute has the size that it has: what each signal asks for, and the last changes.
import type { ComputeScalingView, Endpoint } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Time } from '../../ui/time.tsx'

interface WhySizeProps {
  readonly endpoint: Endpoint
  readonly params: { readonly project: string; readonly branch: string }
}

type Decision = ComputeScalingView['decisions'][number]

/** One line that opens; nothing while the compute sleeps. */
export function WhySize({ endpoint, params }: WhySizeProps) {
  const { data } = useRead(
    'lakelet.getEndpointScaling',
    { params: { ...params, endpoint: endpoint.endpoint_id } },
    { everyMs: 5_000 },
  )
  const last = data?.decisions.at(-1)
  if (data?.size_cu === undefined || !last) return null
  const texts = t.computes.sizing
  const { cpu, memory, why } = data.enforcement
  const changes = data.decisions.filter(({ from_cu, to_cu }) => from_cu !== to_cu).slice(-CHANGES_SHOWN)
  return (
    <details className="mt-2">
      <summary className="cursor-pointer text-dim">
        {texts.now(data.size_cu)} {texts.reasons[last.reason]}
      </summary>
      {last.terms && <Terms decision={last} />}
      <p className="mt-2 text-meta text-dim">
        {cpu === 'enforced' ? texts.cpuEnforced : texts.cpuAdvisory} {texts.memory[memory]}
        {why !== undefined && ` (${why})`}
      </p>
      {changes.length > 0 && (
        <ul className="mt-2 text-meta text-dim" aria-label={texts.changes}>
          {changes.toReversed().map(({ time, from_cu, to_cu }) => (
            <li key={time}>
              <Time at={time} /> {texts.changed(from_cu, to_cu)}
            </li>
          ))}
        </ul>
      )}
    </details>
  )
}

const CHANGES_SHOWN = 5

function Terms({ decision: { terms, signals } }: { readonly decision: Decision }) {
  const texts = t.computes.sizing
  if (!terms || !signals) return null
  const rows = [
    { name: texts.load, measured: signals.load1.toFixed(2), asks: terms.cpu_cu },
    { name: texts.used, measured: formatBytes(signals.memory_bytes), asks: terms.memory_cu },
    ...(terms.working_set_cu === undefined
      ? []
      : [
          {
            name: texts.workingSet,
            measured: formatBytes(signals.memory_bytes + usedCache(signals)),
            asks: terms.working_set_cu,
          },
        ]),
  ]
  return (
    <table className="mt-2 text-meta">
      <thead>
        <tr className="text-left text-dim">
          <th className="pr-6 font-normal">{texts.signal}</th>
          <th className="pr-6 font-normal">{texts.measured}</th>
          <th className="font-normal">{texts.asks}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, measured, asks }) => (
          <tr key={name}>
            <td className="pr-6">{name}</td>
            <td className="pr-6 tabular-nums">{measured}</td>
            <td className="tabular-nums">{`${asks.toFixed(2)} CU`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The part of the page cache that counts: no more than there is of it. */
function usedCache({
  cached_bytes: cached = 0,
  working_set_bytes: used = 0,
}: NonNullable<Decision['signals']>) {
  return Math.min(cached, used)
}
