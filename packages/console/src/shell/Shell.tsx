// What is around every page: header, navigation, palette, and the line that says the server is away.
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../text/index.ts'
import { Header } from './Header.tsx'
import { Navigation } from './Navigation.tsx'
import { OfflineBar } from './OfflineBar.tsx'
import { Palette } from './Palette.tsx'
import { CallsDrawer } from './CallsDrawer.tsx'
import { useSearchValue } from './params.ts'
import { useShortcuts } from './shortcuts.ts'

export function Shell() {
  const [isPaletteOpen, setPaletteOpen] = useState(false)
  const [isNavOpen, setNavOpen] = useState(false)
  const [drawer, setDrawer] = useSearchValue('drawer')
  const isLoading = useRouterState({ select: (state) => state.isLoading })
  const path = useRouterState({ select: (state) => state.location.pathname })
  useShortcuts({ onPalette: () => setPaletteOpen(true), onDrawer: () => setDrawer('cli') })
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#main" className="btn sr-only z-50 focus:not-sr-only focus:absolute focus:top-2 focus:left-2">
        {t.shell.skip}
      </a>
      <Header
        onPalette={() => setPaletteOpen(true)}
        onDrawer={() => setDrawer('cli')}
        onNav={() => setNavOpen(!isNavOpen)}
        isNavOpen={isNavOpen}
      />
      {isLoading && <div className="late fixed top-12 right-0 left-0 z-10 h-0.5 bg-accent" />}
      <OfflineBar />
      <div className="flex min-h-0 flex-1">
        <Navigation isOpen={isNavOpen} onClose={() => setNavOpen(false)} />
        <main id="main" key={path} className="min-w-0 flex-1">
          <Outlet />
        </main>
      </div>
      {drawer !== undefined && <CallsDrawer onClose={() => setDrawer(undefined)} />}
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
    </div>
  )
}
