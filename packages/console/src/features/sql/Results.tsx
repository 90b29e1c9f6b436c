// The results of a run: one tab a statement.
import { useState } from 'react'
import { formatNumber } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Notice } from '../../ui/page.tsx'
import { TabList } from '../../ui/tabs.tsx'
import { download, toCsv, toJson } from './export.ts'
import { PlanTree, planOf } from './PlanTree.tsx'
import { PostgresErrorPanel } from './PostgresErrorPanel.tsx'
import { ResultGrid } from './ResultGrid.tsx'
import type { RunResult, StatementResult } from './results.ts'

interface ResultsProps {
  readonly result: RunResult | undefined
  readonly failure: unknown
}

export function Results({ result, failure }: ResultsProps) {
  const [chosen, setChosen] = useState<{ readonly result: RunResult; readonly at: number }>()
  if (failure !== undefined) {
    return (
      <div className="p-4">
        <ErrorPanel error={failure} />
      </div>
    )
  }
  if (!result) return <p className="p-6 text-dim">{t.sql.noResult}</p>
  const at = chosen?.result === result ? chosen.at : latest(result)
  const shown = result.statements[at]
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <TabList
        label={t.sql.results}
        tabs={result.statements.map((each, index) => [index, `${index + 1} ${labelOf(each)}`])}
        chosen={at}
        onChoose={(index) => setChosen({ result, at: index })}
        className="shrink-0 overflow-x-auto px-2 py-1"
        tabClass={(index) => (result.statements[index]?.state === 'failed' ? 'text-danger' : '')}
      />
      <p role="status" className="sr-only">
        {result.isRunning ? t.sql.running : shown ? summaryOf(shown) : ''}
      </p>
      {result.error && <PostgresErrorPanel error={result.error} />}
      {!result.error && result.isRunning && !result.isStarted && (
        <p className="p-4 text-dim">{t.sql.waking}</p>
      )}
      {result.openTransaction && (
        <div className="p-2">
          <Notice tone="warning">{t.sql.openTransaction}</Notice>
        </div>
      )}
      {shown && !result.error && <Outcome result={shown} isRunning={result.isRunning} />}
    </div>
  )
}

function Outcome({ result, isRunning }: { readonly result: StatementResult; readonly isRunning: boolean }) {
  const plan = planOf(result)
  return (
    <div role="tabpanel" className="flex min-h-0 flex-1 flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-3 px-3 py-1.5 text-dim">
        <span>{summaryOf(result)}</span>
        {result.truncated && <span className="text-warning">{t.sql.truncated}</span>}
        {result.columns.length > 0 && (
          <span className="ml-auto flex gap-1">
            <Button variant="quiet" className="min-h-7" onClick={() => download('result.csv', toCsv(result))}>
              {t.sql.csv}
            </Button>
            <Button
              variant="quiet"
              className="min-h-7"
              onClick={() => download('result.json', toJson(result))}
            >
              {t.sql.json}
            </Button>
          </span>
        )}
      </div>
      {result.notices.map((notice, index) => (
        <p key={index} className="border-t border-line px-3 py-1 font-mono text-[13px]">
          <span className="text-dim">{notice.severity}</span> <ForeignText text={notice.message} />
        </p>
      ))}
      {result.error && <PostgresErrorPanel error={result.error} text={result.statement.text} />}
      {result.state === 'cut-off' && (
        <div className="p-3">
          <Notice tone="danger">{t.sql.cutOff}</Notice>
        </div>
      )}
      {result.state === 'waiting' && !isRunning && <p className="px-3 text-dim">{t.sql.notRun}</p>}
      {plan ? (
        <PlanTree plan={plan} />
      ) : (
        result.columns.length > 0 && <ResultGrid columns={result.columns} rows={result.rows} />
      )}
    </div>
  )
}

/** The statement that runs, else the first that failed, else the last. */
function latest({ statements }: RunResult): number {
  const failed = statements.findIndex(
    ({ state }) => state === 'failed' || state === 'running' || state === 'cut-off',
  )
  return failed < 0 ? statements.length - 1 : failed
}

function labelOf(result: StatementResult): string {
  if (result.state === 'done') return result.tag
  if (result.state === 'failed') return t.sql.failed
  return result.state === 'running' ? '…' : ''
}

function summaryOf(result: StatementResult): string {
  if (result.state === 'done') {
    const time = `${formatNumber(result.ms, 1)} ms`
    return result.columns.length > 0
      ? `${t.sql.rows(result.rows.length)} · ${time}`
      : `${result.tag} · ${time}`
  }
  if (result.state === 'running') return t.sql.running
  return ''
}
