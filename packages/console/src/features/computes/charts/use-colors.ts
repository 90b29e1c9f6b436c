// The theme's colours for what is drawn on a canvas, which no stylesheet reaches.
import { useSyncExternalStore } from 'react'

const TOKENS = ['accent', 'pending', 'warning', 'danger', 'idle', 'line', 'dim', 'font'] as const

type Colors = Readonly<Record<(typeof TOKENS)[number], string>>

let known: { readonly key: string; readonly colors: Colors } | undefined

function read(): Colors {
  const style = getComputedStyle(document.documentElement)
  const colors = Object.fromEntries(
    TOKENS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Colors
  const key = JSON.stringify(colors)
  if (known?.key !== key) known = { key, colors }
  return known.colors
}

/** Told when the person, or the system, changes the theme. */
function subscribe(listener: () => void): () => void {
  const watched = new MutationObserver(listener)
  watched.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', listener)
  return () => {
    watched.disconnect()
    dark.removeEventListener('change', listener)
  }
}

export function useColors(): Colors {
  return useSyncExternalStore(subscribe, read)
}
