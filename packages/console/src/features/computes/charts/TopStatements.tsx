// The statements that took the most time of a period, as they were counted while the compute was awake: reading them asks Postgres nothing.
import type { EndpointTelemetry } from '@lakelet/api'
import { formatNumber } from '../../../text/format.ts'
import { t } from '../../../text/index.ts'
import { ForeignText } from '../../../ui/foreign-text.tsx'

type Statements = EndpointTelemetry['pg_stat_statements_counters']

const SHOWN = 10
const LONGEST_TEXT = 200

export function TopStatements({ statements }: { readonly statements: Statements }) {
  const texts = t.charts.statements
  if (statements.length === 0) return null
  return (
    <details className="mt-3" data-statements>
      <summary className="cursor-pointer text-dim">{texts.title}</summary>
      <div className="mt-2 overflow-x-auto" role="region" aria-label={texts.title} tabIndex={0}>
        <table className="w-full text-meta">
          <thead>
            <tr className="text-left text-dim">
              <th scope="col" className="pr-4 font-normal">
                {texts.statement}
              </th>
              {[texts.total, texts.calls, texts.mean].map((title) => (
                <th key={title} scope="col" className="pl-4 text-right font-normal whitespace-nowrap">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {statements.slice(0, SHOWN).map((each) => (
              <StatementRow key={each.statement_id} statement={each} />
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function StatementRow({ statement }: { readonly statement: Statements[number] }) {
  const { query, role, database, calls, total_exec_ms: total } = statement
  const numbers = [milliseconds(total), formatNumber(calls), milliseconds(total / Math.max(calls, 1))]
  return (
    <tr className="border-t border-line align-top">
      <td className="py-1 pr-4">
        {query === undefined ? (
          <span className="text-dim">{t.charts.statements.hidden}</span>
        ) : (
          <code>
            <ForeignText text={query} longest={LONGEST_TEXT} />
          </code>
        )}
        <div className="text-dim">
          <ForeignText text={`${role}, ${database}`} />
        </div>
      </td>
      {numbers.map((text, column) => (
        <td key={column} className="py-1 pl-4 text-right whitespace-nowrap tabular-nums">
          {text}
        </td>
      ))}
    </tr>
  )
}

function milliseconds(value: number): string {
  return `${formatNumber(value, value < 10 ? 2 : 0)} ms`
}
