// Every path of the console. Ids are escaped into one segment each.

const id = encodeURIComponent

/** A place inside a branch. */
export type BranchPlace = '' | '/computes' | '/roles' | '/sql' | '/tables' | '/activity'
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
  preferences: '/settings/preferences',
  about: '/settings/about',
} as const
