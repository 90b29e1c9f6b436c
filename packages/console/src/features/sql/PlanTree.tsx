// EXPLAIN (FORMAT JSON) as a tree that one can read: own times, and rows that are far from their estimate.
import { formatNumber } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import type { StatementResult } from './results.ts'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Plan Rows'?: number
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Actual Total Time'?: number
  readonly 'Total Cost'?: number
  readonly Filter?: string
  readonly Plans?: readonly PlanNode[]
}

const FAR = 10

/** The plan in a result, if it is one. */
export function planOf({ columns, rows }: StatementResult): PlanNode | undefined {
  if (columns.length !== 1 || columns[0]?.name !== 'QUERY PLAN' || !rows[0]?.[0]?.startsWith('['))
    return undefined
  try {
    const [first] = JSON.parse(rows.map(([line]) => line).join('\n')) as [{ readonly Plan?: PlanNode }?]
    return first?.Plan
  } catch {
    return undefined
  }
}

export function PlanTree({ plan }: { readonly plan: PlanNode }) {
  const rows = flatten(plan, 1)
  const total = Math.max(...rows.map(({ node }) => timeOf(node)), 0)
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <table role="treegrid" className="table" aria-label={t.sql.explain}>
        <thead>
          <tr>
            <th scope="col">{t.sql.plan.node}</th>
            <th scope="col" className="text-right">
              {t.sql.plan.time}
            </th>
            <th scope="col" className="text-right">
              {t.sql.plan.rows}
            </th>
            <th scope="col" className="text-right">
              {t.sql.plan.planned}
            </th>
            <th scope="col" className="text-right">
              {t.sql.plan.cost}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ node, level }, index) => (
            <PlanRow key={index} node={node} level={level} total={total} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function PlanRow({
  node,
  level,
  total,
}: {
  readonly node: PlanNode
  readonly level: number
  readonly total: number
}) {
  const own = ownTime(node)
  const isFar = isFarFrom(node)
  return (
    <tr aria-level={level}>
      <td style={{ paddingInlineStart: `${level * 20 - 8}px` }}>
        <span className="font-semibold">{node['Node Type']}</span>{' '}
        <bdi>{node['Relation Name'] ?? node['Index Name'] ?? ''}</bdi>
        {node.Filter && <bdi className="block truncate font-mono text-meta text-dim">{node.Filter}</bdi>}
      </td>
      <td className="text-right">
        {own === undefined ? '–' : `${formatNumber(own, 2)} ms`}
        {own !== undefined && total > 0 && (
          <span className="ml-2 inline-block h-2 w-16 rounded-control bg-sunken align-middle">
            <span
              className="block h-2 rounded-control bg-accent"
              style={{ width: `${Math.round((own / total) * 100)}%` }}
            />
          </span>
        )}
      </td>
      <td className={`text-right ${isFar ? 'text-warning' : ''}`} title={isFar ? t.sql.plan.off : undefined}>
        {isFar && '▲ '}
        {formatNumber(node['Actual Rows'] ?? 0)}
      </td>
      <td className="text-right">{formatNumber(node['Plan Rows'] ?? 0)}</td>
      <td className="text-right">{formatNumber(node['Total Cost'] ?? 0, 1)}</td>
    </tr>
  )
}

function flatten(node: PlanNode, level: number): { readonly node: PlanNode; readonly level: number }[] {
  return [{ node, level }, ...(node.Plans ?? []).flatMap((child) => flatten(child, level + 1))]
}

function timeOf(node: PlanNode): number {
  return (node['Actual Total Time'] ?? 0) * (node['Actual Loops'] ?? 1)
}

function ownTime(node: PlanNode): number | undefined {
  if (node['Actual Total Time'] === undefined) return undefined
  return Math.max(0, timeOf(node) - (node.Plans ?? []).reduce((sum, child) => sum + timeOf(child), 0))
}

function isFarFrom(node: PlanNode): boolean {
  const actual = node['Actual Rows']
  const planned = node['Plan Rows']
  if (actual === undefined || planned === undefined) return false
  return (
    Math.max(actual, 1) / Math.max(planned, 1) >= FAR || Math.max(planned, 1) / Math.max(actual, 1) >= FAR
  )
}
