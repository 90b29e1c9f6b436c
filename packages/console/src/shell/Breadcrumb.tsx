import { Link, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useRead } from '../api/queries.ts'
import { type BranchPlace, paths } from '../paths.ts'
import { t } from '../text/index.ts'
import { Button } from '../ui/button.tsx'
import { ChevronDown, GitBranch } from '../ui/icons.ts'
import { Menu } from '../ui/menu.tsx'
import { usePlace } from './place.ts'

export function Breadcrumb() {
  const { area, project, branch, app } = usePlace()
  const crumbs: ReactNode[] = []
  if (area === 'lakebase')
    crumbs.push(
      <Crumb key="area" to={paths.projects}>
        Lakebase
      </Crumb>,
    )
  if (area === 'apps')
    crumbs.push(
      <Crumb key="area" to={paths.apps}>
        Apps
      </Crumb>,
    )
  if (area === 'workspace')
    crumbs.push(
      <Crumb key="area" to={paths.files}>
        {t.shell.workspace}
      </Crumb>,
    )
  if (area === 'settings')
    crumbs.push(
      <Crumb key="area" to={paths.preferences}>
        {t.shell.settings}
      </Crumb>,
    )
  if (project)
    crumbs.push(
      <Crumb key="project" to={paths.project(project)}>
        {project}
      </Crumb>,
    )
  if (project && branch) crumbs.push(<BranchSwitcher key="branch" project={project} branch={branch} />)
  if (app)
    crumbs.push(
      <Crumb key="app" to={paths.app(app)}>
        {app}
      </Crumb>,
    )
  return (
    <nav aria-label={t.shell.breadcrumb}>
      <ol className="flex min-w-0 items-center gap-1 overflow-hidden whitespace-nowrap">
        {crumbs.map((crumb, index) => (
          <li key={index} className="flex min-w-0 items-center gap-1 max-sm:hidden max-sm:last:flex">
            {index > 0 && <span className="text-dim max-sm:hidden">/</span>}
            {crumb}
          </li>
        ))}
      </ol>
    </nav>
  )
}

function Crumb({ to, children }: { readonly to: string; readonly children: ReactNode }) {
  return (
    <Link to={to} className="truncate rounded-control px-1.5 py-1 text-ink">
      <bdi>{children}</bdi>
    </Link>
  )
}

/** Keeps one on the same page of the other branch. */
function BranchSwitcher({ project, branch }: { readonly project: string; readonly branch: string }) {
  const navigate = useNavigate()
  const { rest } = usePlace()
  const { data } = useRead('postgres.listBranches', { params: { project } })
  const branches = data?.branches ?? []
  const entries = branches.map((each) => ({
    label: each.branch_id,
    isChosen: each.branch_id === branch,
    // The rest of a branch's path is one of its places.
    onSelect: () => void navigate({ to: paths.branch(project, each.branch_id, rest as BranchPlace) }),
  }))
  return (
    <Menu
      trigger={
        <Button variant="quiet" className="min-w-0 px-1.5" aria-label={t.shell.switchBranch(branch)}>
          <GitBranch size={14} aria-hidden className="shrink-0 text-dim" />
          <bdi className="truncate">{branch}</bdi>
          <ChevronDown size={14} aria-hidden className="shrink-0" />
        </Button>
      }
      groups={[
        { title: t.branches.title, entries },
        {
          entries: [
            {
              label: t.branches.all,
              onSelect: () => void navigate({ to: paths.project(project, '/branches') }),
            },
          ],
        },
      ]}
    />
  )
}
