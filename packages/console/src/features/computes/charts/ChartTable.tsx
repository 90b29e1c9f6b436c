import { t } from '../../../text/index.ts'
import { Time } from '../../../ui/time.tsx'
import type { ChartData } from './chart-data.ts'
import type { Band } from './sleep-bands.ts'

/** Rows that one can still read through; the newest of a longer period. */
const MOST_ROWS = 120

/** What a chart draws, as rows: the newest first. A stretch of sleep is one row. */
export function ChartTable({
  chart,
  at,
  bands,
}: {
  readonly chart: ChartData
  readonly at: readonly number[]
  readonly bands: readonly Band[]
}) {
  const texts = t.charts
  const rows = at
    .map((time, point) => ({ time, values: chart.lines.map(({ values }) => values[point] ?? null) }))
    .filter(({ values }) => values.some((value) => value !== null))
    .map((row) => ({ ...row, kind: undefined }))
  const slept = bands.map(({ from, kind }) => ({ time: from, values: [], kind }))
  const all = [...rows, ...slept].sort((a, b) => b.time - a.time).slice(0, MOST_ROWS)
  return (
    <div className="max-h-56 overflow-auto" tabIndex={0} role="region" aria-label={chart.title}>
      <table className="w-full text-meta tabular-nums">
        <thead>
          <tr className="text-left text-dim">
            <th className="pr-4 font-normal">{texts.time}</th>
            {chart.lines.map(({ label }) => (
              <th key={label} className="pr-4 text-right font-normal">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map(({ time, values, kind }) => (
            <tr key={`${time} ${kind ?? ''}`} className="border-t border-line">
              <td className="pr-4 whitespace-nowrap">
                <Time at={time * 1000} exact />
              </td>
              {kind !== undefined && (
                <td className="hatch pr-4 text-dim" colSpan={chart.lines.length}>
                  <span className="bg-surface px-1">{texts[kind]}</span>
                </td>
              )}
              {values.map((value, line) => (
                <td key={chart.lines[line]?.label} className="pr-4 text-right">
                  {value === null ? '–' : chart.format(value)}
                </td>
              ))}
            </tr>
          ))}
          {all.length === 0 && (
            <tr>
              <td colSpan={chart.lines.length + 1}>{texts.nothing}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  )
}
