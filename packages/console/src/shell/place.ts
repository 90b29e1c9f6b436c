// Where one is, read from the path: which area, which project, branch or app.
import { useRouterState } from '@tanstack/react-router'

export interface Place {
  readonly area: 'home' | 'lakebase' | 'apps' | 'workspace' | 'settings'
  readonly project?: string
  readonly branch?: string
  readonly app?: string
  /** What follows the resource, such as `/sql`. */
  readonly rest: string
}

export function usePlace(): Place {
  return placeOf(useRouterState({ select: (state) => state.location.pathname }))
}

export function placeOf(path: string): Place {
  const [area = '', ...parts] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  if (area === 'lakebase') {
    const [, project, kind, branch, ...rest] = parts
    if (project === undefined) return { area, rest: '' }
    if (kind === 'branches' && branch !== undefined) return { area, project, branch, rest: restOf(rest) }
    return { area, project, rest: restOf(kind === undefined ? [] : [kind]) }
  }
  if (area === 'apps') {
    const [app, ...rest] = parts
    return app === undefined || app === 'new' ? { area, rest: '' } : { area, app, rest: restOf(rest) }
  }
  if (area === 'workspace' || area === 'settings') return { area, rest: restOf(parts) }
  return { area: 'home', rest: '' }
}

function restOf(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `/${parts.join('/')}`
}
