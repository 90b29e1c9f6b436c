import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { paths } from '../paths.ts'
import { t } from '../text/index.ts'
import {
  Activity,
  AppWindow,
  Cpu,
  Database,
  Diff,
  Folder,
  GitBranch,
  History,
  Info,
  KeyRound,
  LayoutDashboard,
  Lock,
  Play,
  ScrollText,
  Settings,
  Table2,
  Terminal,
  User,
  Users,
} from '../ui/icons.ts'
import { type Place, usePlace } from './place.ts'

interface NavItem {
  readonly to: string
  readonly text: string
  readonly icon: typeof Cpu
}
interface NavGroup {
  readonly title?: string
  readonly items: readonly NavItem[]
}

export function Navigation({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const place = usePlace()
  const groups = groupsOf(place)
  const here = `${place.area} ${place.rest}`
  // A choice closes the sheet.
  useEffect(onClose, [here])
  return (
    <nav
      aria-label={t.shell.navigation}
      className={`w-56 shrink-0 border-r border-line bg-surface p-2 max-lg:w-14 max-sm:fixed max-sm:top-12 max-sm:bottom-0 max-sm:left-0 max-sm:z-10 max-sm:w-64 max-sm:overflow-y-auto sm:sticky sm:top-12 sm:h-[calc(100dvh-48px)] ${isOpen ? '' : 'max-sm:hidden'}`}
    >
      {groups.map((group, index) => (
        <div key={group.title ?? index} className="mb-3">
          {group.title && (
            <p className="truncate px-3 pt-2 pb-1 text-meta text-dim max-lg:hidden max-sm:block">
              <bdi>{group.title}</bdi>
            </p>
          )}
          <ul>
            {group.items.map(({ to, text, icon: Icon }) => (
              <li key={to}>
                <Link to={to} className="nav-link" activeOptions={{ exact: true }} title={text}>
                  <Icon size={16} aria-hidden className="shrink-0" />
                  <span className="max-lg:sr-only max-sm:not-sr-only">{text}</span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}

function groupsOf(place: Place): readonly NavGroup[] {
  const { area, project, branch, app } = place
  if (app !== undefined) return [appGroup(app)]
  if (project !== undefined) return [projectGroup(project), branchGroup(project, branch ?? 'production')]
  if (area === 'settings') return [settingsGroup()]
  return [
    {
      items: [
        { to: paths.home, text: t.home.title, icon: LayoutDashboard },
        { to: paths.projects, text: 'Lakebase', icon: Database },
        { to: paths.apps, text: 'Apps', icon: AppWindow },
        { to: paths.files, text: t.shell.workspace, icon: Folder },
        { to: paths.preferences, text: t.shell.settings, icon: Settings },
      ],
    },
  ]
}

function projectGroup(project: string): NavGroup {
  return {
    title: project,
    items: [
      { to: paths.project(project), text: t.project.dashboard, icon: LayoutDashboard },
      { to: paths.project(project, '/branches'), text: t.branches.title, icon: GitBranch },
      { to: paths.project(project, '/operations'), text: t.operations.title, icon: Activity },
      { to: paths.project(project, '/settings'), text: t.shell.settings, icon: Settings },
      { to: paths.project(project, '/permissions'), text: t.permissions.title, icon: Lock },
    ],
  }
}

function branchGroup(project: string, branch: string): NavGroup {
  return {
    title: `⎇ ${branch}`,
    items: [
      { to: paths.branch(project, branch), text: t.branch.overview, icon: Info },
      { to: paths.branch(project, branch, '/computes'), text: t.computes.title, icon: Cpu },
      { to: paths.branch(project, branch, '/roles'), text: t.roles.title, icon: Users },
      { to: paths.branch(project, branch, '/sql'), text: t.sql.title, icon: Terminal },
      { to: paths.branch(project, branch, '/tables'), text: t.tables.title, icon: Table2 },
      { to: paths.branch(project, branch, '/activity'), text: t.activity.title, icon: Activity },
      { to: paths.branch(project, branch, '/restore'), text: t.restore.title, icon: History },
      { to: paths.branch(project, branch, '/diff'), text: t.diff.title, icon: Diff },
    ],
  }
}

function appGroup(app: string): NavGroup {
  return {
    title: app,
    items: [
      { to: paths.app(app), text: t.app.overview, icon: Info },
      { to: paths.app(app, '/environment'), text: t.app.environment, icon: KeyRound },
      { to: paths.app(app, '/deployments'), text: t.app.deployments, icon: Play },
      { to: paths.app(app, '/logs'), text: t.app.logs, icon: ScrollText },
      { to: paths.app(app, '/resources'), text: t.app.resources, icon: Database },
      { to: paths.app(app, '/permissions'), text: t.permissions.title, icon: Lock },
      { to: paths.app(app, '/settings'), text: t.shell.settings, icon: Settings },
    ],
  }
}

function settingsGroup(): NavGroup {
  return {
    title: t.shell.settings,
    items: [
      { to: paths.users, text: t.identity.users, icon: User },
      { to: paths.groups, text: t.identity.groups, icon: Users },
      { to: paths.servicePrincipals, text: t.identity.servicePrincipals, icon: AppWindow },
      { to: paths.secrets, text: t.secrets.title, icon: Lock },
      { to: paths.tokens, text: t.identity.tokens, icon: KeyRound },
      { to: paths.preferences, text: t.preferences.title, icon: Settings },
      { to: paths.about, text: t.about.title, icon: Info },
    ],
  }
}
