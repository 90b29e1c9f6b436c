// Every path of the console. Ids are escaped into one segment each.

const id = encodeURIComponent

/** A place inside a branch. */
export type BranchPlace =
  | ''
  | '/computes'
  | '/roles'
  | '/sql'
  | '/tables'
  | '/activity'
  | '/restore'
  | '/diff'
/** A place inside a project. */
export type ProjectPlace = '' | '/branches' | '/operations' | '/settings' | '/permissions'
/** A place of an app. */
export type AppPlace =
  | ''
  | '/environment'
  | '/deployments'
  | '/logs'
  | '/resources'
  | '/permissions'
  | '/settings'

export const paths = {
  home: '/',
  projects: '/lakebase',
  project: (project: string, place: ProjectPlace = '') => `/lakebase/projects/${id(project)}${place}`,
  branch: (project: string, branch: string, place: BranchPlace = '') =>
    `/lakebase/projects/${id(project)}/branches/${id(branch)}${place}`,
  apps: '/apps',
  newApp: '/apps/new',
  operations: '/operations',
  app: (name: string, place: AppPlace = '') => `/apps/${id(name)}${place}`,
  files: '/workspace',
  users: '/settings/users',
  groups: '/settings/groups',
  servicePrincipals: '/settings/service-principals',
  tokens: '/settings/tokens',
  secrets: '/settings/secrets',
  preferences: '/settings/preferences',
  about: '/settings/about',
} as const

/** The patterns of all pages, as the router reads them; the router takes no other. */
export const PAGE_PATTERNS = [
  '/',
  '/operations',
  '/lakebase',
  '/lakebase/projects/$project',
  '/lakebase/projects/$project/branches',
  '/lakebase/projects/$project/operations',
  '/lakebase/projects/$project/settings',
  '/lakebase/projects/$project/permissions',
  '/lakebase/projects/$project/branches/$branch',
  '/lakebase/projects/$project/branches/$branch/computes',
  '/lakebase/projects/$project/branches/$branch/roles',
  '/lakebase/projects/$project/branches/$branch/sql',
  '/lakebase/projects/$project/branches/$branch/tables',
  '/lakebase/projects/$project/branches/$branch/activity',
  '/lakebase/projects/$project/branches/$branch/restore',
  '/lakebase/projects/$project/branches/$branch/diff',
  '/apps',
  '/apps/new',
  '/apps/$app',
  '/apps/$app/environment',
  '/apps/$app/deployments',
  '/apps/$app/logs',
  '/apps/$app/resources',
  '/apps/$app/permissions',
  '/apps/$app/settings',
  '/workspace',
  '/settings/users',
  '/settings/groups',
  '/settings/service-principals',
  '/settings/secrets',
  '/settings/tokens',
  '/settings/preferences',
  '/settings/about',
] as const
export type PagePattern = (typeof PAGE_PATTERNS)[number]
