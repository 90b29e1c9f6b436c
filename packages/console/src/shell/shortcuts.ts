// Keys of the whole console. Single letters count only outside text fields.
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { paths } from '../paths.ts'

const AFTER_G_MS = 1200
const PLACES: Readonly<Record<string, string>> = {
  h: paths.home,
  p: paths.projects,
  a: paths.apps,
  w: paths.files,
}

/** Ctrl-K for the palette, `d` for the calls of the page, `g` and a letter for a place, `/` for the filter of a list. */
export function useShortcuts({
  onPalette,
  onDrawer,
}: {
  readonly onPalette: () => void
  readonly onDrawer: () => void
}): void {
  const navigate = useNavigate()
  useEffect(() => {
    let pressedG = 0
    const onKey = (event: KeyboardEvent) => {
      if (event.isComposing) return
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        onPalette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const place = Date.now() - pressedG < AFTER_G_MS ? PLACES[event.key] : undefined
      pressedG = event.key === 'g' ? Date.now() : 0
      if (place !== undefined) void navigate({ to: place })
      else if (event.key === 'd') onDrawer()
      else if (event.key === '/') focusFilter(event)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate, onPalette, onDrawer])
}

function focusFilter(event: KeyboardEvent): void {
  const filter = document.querySelector<HTMLInputElement>('[data-filter]')
  if (!filter) return
  event.preventDefault()
  filter.focus()
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable], [role=menu], [role=dialog]') !== null
  )
}
