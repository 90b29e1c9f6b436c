// OAuth scopes of the APIs. A token with `all-apis` may call everything its principal may; another one only the APIs it names.

export const ALL_APIS = 'all-apis'

/** Scopes that a client may ask for beside those of OpenID Connect. */
export const API_SCOPES: readonly string[] = [
  ALL_APIS,
  'postgres',
  'apps',
  'files',
  'workspace',
  'iam',
  'access-management',
  'scim',
  'secrets',
  'sql',
]

/** Which scope opens which paths; the longest prefix decides. What is not listed needs `all-apis`: above all what makes new tokens. */
const SCOPES_BY_PREFIX: readonly (readonly [prefix: string, scopes: readonly string[]])[] = [
  ['/api/2.0/preview/scim/v2/Me', [...API_SCOPES, 'iam.current-user:read']],
  ['/api/2.0/preview/scim/', ['iam', 'scim']],
  ['/api/2.0/accounts/servicePrincipals/', ['iam', 'scim']],
  ['/api/2.0/permissions/', ['iam', 'access-management']],
  ['/api/2.0/postgres/', ['postgres']],
  ['/api/2.0/database/', ['postgres']],
  ['/api/2.0/apps', ['apps']],
  ['/api/2.0/workspace', ['workspace', 'files']],
  ['/api/2.0/fs/', ['files']],
  ['/api/2.0/secrets/', ['secrets']],
  ['/api/2.0/bundle/', ['workspace']],
  ['/telemetry-ext', API_SCOPES],
]

/** Whether a token with `scopes` may call `path`; an empty list means no limit. */
export function scopesAllow(scopes: readonly string[], path: string): boolean {
  if (scopes.length === 0 || scopes.includes(ALL_APIS)) return true
  const found = SCOPES_BY_PREFIX.find(([prefix]) => path.startsWith(prefix))
  return found !== undefined && found[1].some((scope) => scopes.includes(scope))
}

/** The scopes of a space-separated list, without those of OpenID Connect. */
export function apiScopesOf(scope: string): string[] {
  return scope.split(' ').filter((each) => each !== '' && !OPENID_SCOPES.includes(each))
}

export const OPENID_SCOPES: readonly string[] = ['openid', 'offline_access', 'email', 'profile']
