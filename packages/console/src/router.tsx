// The pages by path. Each feature is a chunk of its own, fetched when it is first needed.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type AnyRoute,
} from '@tanstack/react-router'
import { noteReach, reachable } from './api/reach.ts'
import { type PagePattern, paths } from './paths.ts'
import { NotFound } from './shell/NotFound.tsx'
import { PageError } from './shell/PageError.tsx'
import { Shell } from './shell/Shell.tsx'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageError,
})

/** A path with the component of a lazily loaded module that carries the page's name. */
function page<M extends Record<string, unknown>>(
  path: PagePattern,
  load: () => Promise<M>,
  name: keyof M & string,
) {
  return createRoute({
    getParentRoute: () => root as AnyRoute,
    path,
    // The module's export is a component without properties; the name says which.
    component: lazyRouteComponent(again(load) as () => Promise<Record<string, never>>, name),
  })
}

/** Before a chunk is asked for again that a workspace which answers did not give, one that just started say. */
const AGAIN_MS = [250, 500, 1000, 2000, 4000] as const

/** Fetches a chunk, as often as it takes while the workspace is away, and a few times more when it is back. */
function again<M>(load: () => Promise<M>): () => Promise<M> {
  return async () => {
    for (const delay of AGAIN_MS) {
      const module = await load().catch(() => undefined)
      if (module) return module
      const isThere = await answers()
      noteReach(isThere)
      if (isThere) await new Promise((resolve) => setTimeout(resolve, delay))
      else await reachable()
    }
    return load()
  }
}

async function answers(): Promise<boolean> {
  return fetch('/api/2.0/lakelet/session', { method: 'HEAD' }).then(
    ({ status }) => status !== 503,
    () => false,
  )
}

function moved(path: string, to: string) {
  return createRoute({
    getParentRoute: () => root as AnyRoute,
    path,
    beforeLoad: () => redirect({ to, throw: true }),
  })
}

const P = '/lakebase/projects/$project'
const B = `${P}/branches/$branch` as const
const A = '/apps/$app'

const routes = [
  page('/', () => import('./features/home/HomePage.tsx'), 'HomePage'),
  page('/lakebase', () => import('./features/projects/ProjectsPage.tsx'), 'ProjectsPage'),
  moved('/lakebase/projects', paths.projects),
  page(P, () => import('./features/project/ProjectPage.tsx'), 'ProjectPage'),
  page(`${P}/branches`, () => import('./features/branches/BranchesPage.tsx'), 'BranchesPage'),
  page(`${P}/operations`, () => import('./features/operations/OperationsPage.tsx'), 'ProjectOperationsPage'),
  page('/operations', () => import('./features/operations/OperationsPage.tsx'), 'OperationsPage'),
  page(`${P}/settings`, () => import('./features/project/ProjectSettingsPage.tsx'), 'ProjectSettingsPage'),
  page(
    `${P}/permissions`,
    () => import('./features/project/ProjectPermissionsPage.tsx'),
    'ProjectPermissionsPage',
  ),
  page(B, () => import('./features/branch/BranchPage.tsx'), 'BranchPage'),
  page(`${B}/computes`, () => import('./features/computes/ComputesPage.tsx'), 'ComputesPage'),
  page(`${B}/roles`, () => import('./features/roles/RolesPage.tsx'), 'RolesPage'),
  page(`${B}/sql`, () => import('./features/sql/SqlPage.tsx'), 'SqlPage'),
  page(`${B}/tables`, () => import('./features/tables/TablesPage.tsx'), 'TablesPage'),
  page(`${B}/activity`, () => import('./features/activity/ActivityPage.tsx'), 'ActivityPage'),
  page(`${B}/restore`, () => import('./features/restore/RestorePage.tsx'), 'RestorePage'),
  page(`${B}/diff`, () => import('./features/diff/DiffPage.tsx'), 'DiffPage'),
  page('/apps', () => import('./features/apps/AppsPage.tsx'), 'AppsPage'),
  page('/apps/new', () => import('./features/apps/NewAppPage.tsx'), 'NewAppPage'),
  page(A, () => import('./features/app/AppPage.tsx'), 'AppPage'),
  page(`${A}/environment`, () => import('./features/app/EnvironmentPage.tsx'), 'EnvironmentPage'),
  page(`${A}/deployments`, () => import('./features/app/DeploymentsPage.tsx'), 'DeploymentsPage'),
  page(`${A}/logs`, () => import('./features/app/LogsPage.tsx'), 'LogsPage'),
  page(`${A}/resources`, () => import('./features/app/ResourcesPage.tsx'), 'ResourcesPage'),
  page(`${A}/permissions`, () => import('./features/app/AppPermissionsPage.tsx'), 'AppPermissionsPage'),
  page(`${A}/settings`, () => import('./features/app/AppSettingsPage.tsx'), 'AppSettingsPage'),
  page('/workspace', () => import('./features/files/FilesPage.tsx'), 'FilesPage'),
  moved('/settings', paths.preferences),
  page('/settings/users', () => import('./features/identity/UsersPage.tsx'), 'UsersPage'),
  page('/settings/groups', () => import('./features/identity/GroupsPage.tsx'), 'GroupsPage'),
  page(
    '/settings/service-principals',
    () => import('./features/identity/ServicePrincipalsPage.tsx'),
    'ServicePrincipalsPage',
  ),
  page('/settings/secrets', () => import('./features/secrets/SecretsPage.tsx'), 'SecretsPage'),
  page('/settings/tokens', () => import('./features/identity/TokensPage.tsx'), 'TokensPage'),
  page('/settings/preferences', () => import('./features/settings/PreferencesPage.tsx'), 'PreferencesPage'),
  page('/settings/about', () => import('./features/settings/AboutPage.tsx'), 'AboutPage'),
]

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: 'intent',
  defaultPreloadDelay: 60,
  scrollRestoration: true,
})
