import { Link, useNavigate } from '@tanstack/react-router'
import { paths } from '../paths.ts'
import { t } from '../text/index.ts'
import { Button } from '../ui/button.tsx'
import { ChevronDown, MenuIcon, Plus, Search, Terminal } from '../ui/icons.ts'
import { Menu } from '../ui/menu.tsx'
import { Breadcrumb } from './Breadcrumb.tsx'
import { UserMenu } from './UserMenu.tsx'
import { RunningOperations } from './RunningOperations.tsx'
import { usePlace } from './place.ts'

interface HeaderProps {
  readonly onPalette: () => void
  readonly onDrawer: () => void
  readonly onNav: () => void
  readonly isNavOpen: boolean
}

export function Header({ onPalette, onDrawer, onNav, isNavOpen }: HeaderProps) {
  return (
    <header className="sticky top-0 z-10 flex h-12 items-center gap-1 border-b border-line bg-surface px-2 sm:gap-2 sm:px-4">
      <Button
        variant="quiet"
        className="px-2 sm:hidden"
        aria-label={t.shell.navigation}
        aria-expanded={isNavOpen}
        onClick={onNav}
      >
        <MenuIcon size={18} aria-hidden />
      </Button>
      <Link
        to={paths.home}
        className="mr-1 flex items-center gap-2 rounded-control px-1 font-semibold text-ink no-underline hover:no-underline max-sm:hidden"
      >
        <Mark />
        Lakelet
      </Link>
      <div className="min-w-0 flex-1">
        <Breadcrumb />
      </div>
      <Button variant="quiet" className="px-2 text-dim" aria-keyshortcuts="Control+K" onClick={onPalette}>
        <Search size={16} aria-hidden />
        <span className="sr-only">{t.shell.search}</span>
        <kbd className="text-meta max-md:hidden">{shortcutText()}</kbd>
      </Button>
      <Button
        variant="quiet"
        className="px-2 text-dim max-sm:hidden"
        aria-label={t.calls.title}
        title={t.calls.title}
        onClick={onDrawer}
      >
        <Terminal size={16} aria-hidden />
      </Button>
      <RunningOperations />
      <NewMenu />
      <AppSwitcher />
      <UserMenu />
    </header>
  )
}

/** Two still lines of water. */
function Mark() {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 20 20"
      className="size-5 text-accent"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
    >
      <circle cx="10" cy="10" r="8.5" />
      <path d="M5 10.5h10M7 14h6" strokeLinecap="round" />
    </svg>
  )
}

function shortcutText(): string {
  return navigator.userAgent.includes('Mac') ? '⌘K' : 'Ctrl K'
}

function NewMenu() {
  const navigate = useNavigate()
  return (
    <Menu
      trigger={
        <Button variant="quiet" className="px-2">
          <Plus size={16} aria-hidden />
          <span className="max-sm:sr-only">{t.shell.new}</span>
        </Button>
      }
      groups={[
        {
          entries: [
            { label: t.shell.newApp, onSelect: () => void navigate({ to: paths.newApp }) },
            {
              label: t.shell.newProject,
              onSelect: () => void navigate({ to: paths.projects, search: { new: 'project' } }),
            },
          ],
        },
      ]}
    />
  )
}

function AppSwitcher() {
  const navigate = useNavigate()
  const { area } = usePlace()
  const go = (to: string) => () => void navigate({ to })
  return (
    <Menu
      trigger={
        <Button variant="quiet" className="px-2">
          <span className="sr-only">{t.shell.switcher}: </span>
          <span className="grid grid-cols-3 gap-0.5" aria-hidden="true">
            {Array.from({ length: 9 }, (_, index) => (
              <span key={index} className="size-1 rounded-full bg-current" />
            ))}
          </span>
          <span className="max-md:hidden">{t.shell.apps}</span>
          <ChevronDown size={14} aria-hidden className="max-md:hidden" />
        </Button>
      }
      groups={[
        {
          title: t.shell.switcher,
          entries: [
            { label: 'Apps', isChosen: area === 'apps', onSelect: go(paths.apps) },
            { label: 'Lakebase', isChosen: area === 'lakebase', onSelect: go(paths.projects) },
            { label: t.shell.workspace, isChosen: area === 'workspace', onSelect: go(paths.files) },
            { label: t.shell.settings, isChosen: area === 'settings', onSelect: go(paths.preferences) },
          ],
        },
      ]}
    />
  )
}
