// Branches below the branch they were made from.
import { Link } from '@tanstack/react-router'
import type { Overview } from '@lakelet/api'
import type { ReactNode } from 'react'
import { paths } from '../../paths.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Shield } from '../../ui/icons.ts'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'

export type BranchRow = Overview['projects'][number]['branches'][number]

interface TreeRow extends BranchRow {
  readonly depth: number
}

export function BranchTree({
  project,
  branches,
  actions,
}: {
  readonly project: string
  readonly branches: readonly BranchRow[]
  readonly actions?: (row: BranchRow) => ReactNode
}) {
  return (
    <ResourceTable
      label={t.branches.title}
      rows={asTree(branches)}
      rowKey={({ branch }) => branch.uid}
      textOf={({ branch }) => branch.branch_id}
      {...(actions ? { actions } : {})}
      empty={null}
      columns={[
        { key: 'name', title: t.branches.name, cell: (row) => <Name project={project} row={row} /> },
        { key: 'state', title: t.branches.state, cell: State },
        {
          key: 'size',
          title: t.branches.size,
          isNumber: true,
          isMinor: true,
          cell: ({ branch }) => formatBytes(branch.status.logical_size_bytes),
        },
        {
          key: 'age',
          title: t.branches.age,
          isNumber: true,
          isMinor: true,
          cell: ({ branch }) => <Time at={branch.create_time} />,
        },
        {
          key: 'expires',
          title: t.branches.expires,
          isNumber: true,
          cell: ({ branch }) =>
            branch.status.expire_time ? (
              <Time at={branch.status.expire_time} />
            ) : (
              <span className="text-dim">–</span>
            ),
        },
      ]}
    />
  )
}

function Name({ project, row }: { readonly project: string; readonly row: TreeRow }) {
  const { branch, depth } = row
  return (
    <span className="flex items-center gap-2" style={{ paddingInlineStart: `${depth * 20}px` }}>
      {depth > 0 && (
        <span aria-hidden="true" className="text-dim">
          └
        </span>
      )}
      <Link to={paths.branch(project, branch.branch_id)} className="font-semibold">
        <bdi>{branch.branch_id}</bdi>
      </Link>
      {branch.status.default && <span className="text-meta text-dim">{t.branches.default}</span>}
      {branch.status.is_protected && (
        <span className="inline-flex items-center gap-1 text-meta text-dim">
          <Shield size={14} aria-hidden />
          {t.branches.protected}
        </span>
      )}
    </span>
  )
}

function State({ branch, endpoints }: BranchRow): ReactNode {
  const status = endpoints[0]?.status
  if (branch.status.current_state !== 'READY' || !status) {
    return <StateBadge state={branch.status.current_state} pending={branch.status.pending_state} />
  }
  return (
    <StateBadge state={status.current_state} pending={status.pending_state} isDisabled={status.disabled} />
  )
}

/** Parents before their children, in the order they were made; a branch whose parent is gone stands at the top. */
export function asTree(branches: readonly BranchRow[]): TreeRow[] {
  const names = new Set(branches.map(({ branch }) => branch.name))
  const below = (parent: string | undefined, depth: number): TreeRow[] =>
    branches
      .filter(({ branch }) => {
        const source = branch.status.source_branch
        return source !== undefined && names.has(source) ? source === parent : parent === undefined
      })
      .flatMap((row) => [{ ...row, depth }, ...below(row.branch.name, depth + 1)])
  return below(undefined, 0)
}
