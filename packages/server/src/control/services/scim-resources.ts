// Principals in the shape of SCIM resources, and what of a client's resource is taken over.
import type { ScimGroup, ScimServicePrincipal, ScimUser } from '@lakelet/api'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import type { Directory, Principal, PrincipalKind } from '../../identity/directory.ts'
import { type Json, scalarText, valuesAt } from './scim-filter.ts'

export type ScimName = 'User' | 'Group' | 'ServicePrincipal'
/** The resource of each name. */
export interface ScimResources {
  readonly User: ScimUser
  readonly Group: ScimGroup
  readonly ServicePrincipal: ScimServicePrincipal
}

export const KIND_OF: Readonly<Record<ScimName, PrincipalKind>> = {
  User: 'user',
  Group: 'group',
  ServicePrincipal: 'service_principal',
}
const NAME_OF = { user: 'User', group: 'Group', service_principal: 'ServicePrincipal' } as const
const CORE = 'urn:ietf:params:scim:schemas:core:2.0:'
const USER_EXTENSION = 'urn:ietf:params:scim:schemas:extension:workspace:2.0:User'
const SP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal'
/** Attributes kept as they came. */
const KEPT = ['name', 'entitlements', 'roles'] as const
const EMAIL = /^[^\s@"'\\]+@[^\s@"'\\]+$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Postgres role names end here (NAMEDATALEN - 1 bytes); a longer identity could never log in. */
const MAX_NAME_BYTES = 63
// oxlint-disable-next-line no-control-regex -- control characters have no place in a name
const CONTROL = /[\u0000-\u001f\u007f]/

/** A principal as its own SCIM resource; `name` is that of its kind. */
export function scimResource<N extends ScimName>(
  directory: Directory,
  _name: N,
  principal: Principal,
): ScimResources[N] {
  // The name only tells the compiler which of the three it is; callers found the principal by it.
  return resourceOf(directory, principal) as ScimResources[N]
}

function resourceOf(directory: Directory, principal: Principal): ScimResources[ScimName] {
  if (principal.kind === 'user') return scimUserOf(directory, principal)
  const shared = sharedFields(directory, principal)
  if (principal.kind === 'service_principal') {
    return {
      schemas: [SP_SCHEMA],
      ...shared,
      applicationId: principal.name,
      active: principal.active,
    }
  }
  return {
    schemas: [`${CORE}Group`],
    ...shared,
    members: directory.membersOf(principal).map((member) => reference(member)),
    meta: { resourceType: 'WorkspaceGroup' },
  }
}

/** A user, or a service principal as `Me` shows it: with its application id as user name. */
export function scimUserOf(directory: Directory, principal: Principal): ScimUser {
  const emails = [{ value: principal.name, type: 'work', primary: true }]
  const name = principal.attributes['name'] ?? nameOf(principal.displayName)
  return {
    schemas: [`${CORE}User`, USER_EXTENSION],
    ...sharedFields(directory, principal),
    userName: principal.name,
    active: principal.active,
    name: name as ScimUser['name'],
    ...(principal.kind === 'user' ? { emails } : {}),
  }
}

function sharedFields(directory: Directory, principal: Principal) {
  const groups =
    principal.kind === 'group' ? directory.directGroupsOf(principal) : directory.groupsOf(principal)
  const direct = new Set(directory.directGroupsOf(principal).map((group) => group.id))
  const { entitlements, roles } = principal.attributes
  return {
    id: String(principal.id),
    displayName: principal.displayName,
    ...(principal.externalId === undefined ? {} : { externalId: principal.externalId }),
    groups: groups.map((group) => ({
      ...reference(group),
      type: direct.has(group.id) || group.isSystem ? 'direct' : 'indirect',
    })),
    // Only lists of references are ever kept under these names.
    entitlements: (entitlements ?? []) as ScimUser['entitlements'],
    roles: (roles ?? []) as ScimUser['roles'],
  }
}

function reference(principal: Principal) {
  return {
    display: principal.displayName,
    value: String(principal.id),
    $ref: `${NAME_OF[principal.kind]}s/${principal.id}`,
  }
}

function nameOf(displayName: string): { givenName: string; familyName?: string } {
  const at = displayName.lastIndexOf(' ')
  if (at <= 0) return { givenName: displayName }
  return { givenName: displayName.slice(0, at), familyName: displayName.slice(at + 1) }
}

/** What a client's resource says about a principal. */
export interface ScimInput {
  readonly name: string | undefined
  readonly displayName: string | undefined
  readonly active: boolean | undefined
  readonly externalId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  /** Ids of members of a group, or undefined where the resource does not list them. */
  readonly memberIds: readonly number[] | undefined
  /** Ids of the groups that it asks to be in. */
  readonly groupIds: readonly number[] | undefined
}

/** Reads a client's resource; LakeletError `scim_invalid` for wrong types. */
export function readScim(name: ScimName, body: unknown): ScimInput {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('The request body must be a JSON object.')
  }
  const resource = body as Json
  const displayName = textAt(resource, 'displayName')
  const identifier = { User: 'userName', Group: 'displayName', ServicePrincipal: 'applicationId' }[name]
  return {
    name: textAt(resource, identifier),
    displayName,
    active: flagAt(resource, 'active'),
    externalId: textAt(resource, 'externalId'),
    attributes: Object.fromEntries(
      KEPT.flatMap((each) => {
        const kept = each === 'name' ? nameAt(resource) : listAt(resource, each)
        return kept === undefined ? [] : [[each, kept]]
      }),
    ),
    memberIds: name === 'Group' ? idsAt(resource, 'members') : undefined,
    groupIds: name === 'Group' ? undefined : idsAt(resource, 'groups'),
  }
}

/** The name of a new principal; LakeletError `scim_invalid`. */
export function validName(name: ScimName, value: string | undefined): string {
  const field = { User: 'userName', Group: 'displayName', ServicePrincipal: 'applicationId' }[name]
  if (value === undefined || value.trim() === '') throw invalid(because('scim_required', { field }))
  if (Buffer.byteLength(value) > MAX_NAME_BYTES) {
    throw invalid(because('scim_name_long', { field, most: MAX_NAME_BYTES }))
  }
  if (CONTROL.test(value)) throw invalid(because('scim_control', { field }))
  if (name === 'User' && !EMAIL.test(value)) throw invalid(because('scim_email'))
  if (name === 'ServicePrincipal' && !UUID.test(value)) throw invalid(because('scim_uuid'))
  return value
}

function textAt(resource: Json, name: string): string | undefined {
  const [value] = valuesAt(resource, name)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > 1024) throw invalid(because('scim_text', { field: name }))
  if (CONTROL.test(value)) throw invalid(because('scim_control', { field: name }))
  return value
}

/** Azure AD sends "True" and "False". */
function flagAt(resource: Json, name: string): boolean | undefined {
  const [value] = valuesAt(resource, name)
  if (value === undefined || value === null) return undefined
  const word = scalarText(value)?.toLowerCase()
  if (word === 'true' || word === 'false') return word === 'true'
  throw invalid(because('scim_flag', { field: name }))
}

function nameAt(resource: Json): object | undefined {
  const [value] = valuesAt(resource, 'name')
  if (typeof value !== 'object' || value === null) return undefined
  const givenName = textAt(value as Json, 'givenName')
  const familyName = textAt(value as Json, 'familyName')
  return {
    ...(givenName === undefined ? {} : { givenName }),
    ...(familyName === undefined ? {} : { familyName }),
  }
}

function listAt(resource: Json, name: string): object[] | undefined {
  const values = valuesAt(resource, name).filter((value) => value !== null)
  if (values.length === 0) return undefined
  return values.map((value) => ({ value: referenceValue(value, name) }))
}

function idsAt(resource: Json, name: string): number[] | undefined {
  const present = Object.keys(resource).some((key) => key.toLowerCase() === name)
  if (!present) return undefined
  return valuesAt(resource, name)
    .filter((value) => value !== null)
    .map((value) => {
      const text = referenceValue(value, name)
      if (!/^\d{1,15}$/.test(text)) throw invalid(`'${text}' in '${name}' is not an id.`)
      return Number(text)
    })
}

function referenceValue(element: unknown, name: string): string {
  const value = typeof element === 'object' ? valuesAt(element, 'value')[0] : element
  if (typeof value === 'string' && value.length <= 1024) return value
  if (typeof value === 'number') return String(value)
  throw invalid(`Each element of '${name}' needs a 'value'.`)
}

function invalid(reason: Reason | string): LakeletError {
  return new LakeletError('scim_invalid', { reason })
}
