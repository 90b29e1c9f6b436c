// What is allowed of an app's settings, and what becomes of them in its row.
import {
  ABSENT_APP_RESOURCES,
  OTHER_APP_SETTINGS,
  type OtherAppSettings,
  type UpdateAppBody,
} from '@lakelet/api'
import { absentKindOf } from '../../apps/app-resources.ts'
import type { AppGrants } from '../../apps/ports.ts'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import type { AppChange, AppRow } from '../../metadata/apps.ts'

const UPDATABLE = [
  'description',
  'compute_size',
  'resources',
  'user_api_scopes',
  ...OTHER_APP_SETTINGS,
] as const

export type AppField = (typeof UPDATABLE)[number]

/** Fields of a PATCH: those that are there. */
export function fieldsOf(body: UpdateAppBody): readonly AppField[] {
  return UPDATABLE.filter((field) => body[field] !== undefined)
}

/** Fields of an update mask; LakeletError `app_update_mask` for one that cannot be updated. */
export function fieldsOfMask(mask: string): readonly AppField[] {
  const fields = mask.split(',').map((each) => each.trim())
  for (const field of fields) {
    if (!UPDATABLE.some((each) => each === field))
      throw new LakeletError('app_update_mask', { field, known: UPDATABLE.join(', ') })
  }
  return UPDATABLE.filter((field) => fields.includes(field))
}

/** What of a new app's row its settings decide. */
export function settingsOf(
  body: UpdateAppBody,
): Pick<AppRow, 'description' | 'compute_size' | 'resources' | 'user_api_scopes' | 'other_settings'> {
  return {
    description: body.description ?? '',
    compute_size: body.compute_size ?? 'MEDIUM',
    resources: body.resources ?? [],
    user_api_scopes: body.user_api_scopes ?? [],
    other_settings: otherSettings(body, OTHER_APP_SETTINGS),
  }
}

/** The fields as the body has them; one that it has not gets its default. */
export function changeOf(row: AppRow, body: UpdateAppBody, fields: readonly AppField[]): AppChange {
  const { other_settings: others, ...plain } = settingsOf(body)
  const changed = Object.entries(plain).filter(([field]) => fields.some((each) => each === field))
  return {
    ...Object.fromEntries(changed),
    other_settings: { ...withoutFields(row.other_settings, fields), ...withFields(others, fields) },
  }
}

type Resource = NonNullable<UpdateAppBody['resources']>[number]

/** Names are keys for `valueFrom`, so each may be there once; what a resource gives must be the caller's to give away. */
export async function checkSettings(
  grants: Pick<AppGrants, 'may' | 'mayAttach' | 'requireSecrets'>,
  caller: Caller,
  { resources }: UpdateAppBody,
): Promise<void> {
  const seen = new Set<string>()
  for (const resource of resources ?? []) {
    if (seen.has(resource.name)) throw invalid(resource.name, because('resource_twice'))
    seen.add(resource.name)
    checkKind(resource)
    if (resource.secret) await grants.requireSecrets(caller, resource.secret.scope)
    else if (resource.app) await requireApp(grants, caller, resource.app.name)
    else if (absentKindOf(resource) === undefined) await requireDatabase(grants, caller, resource)
  }
}

const KINDS: readonly string[] = ['postgres', 'secret', 'app', ...ABSENT_APP_RESOURCES]

function checkKind(resource: Resource): void {
  const kinds = Object.keys(resource).filter((key) => key !== 'name' && key !== 'description')
  const foreign = kinds.find((kind) => !KINDS.includes(kind))
  if (foreign !== undefined)
    throw new LakeletError('feature_disabled', { feature: `An app resource of the kind '${foreign}'` })
  if (kinds.length > 1)
    throw invalid(resource.name, because('resource_kinds', { kinds: kinds.join(' and ') }))
}

/** Whose app it is decides who may use it. */
async function requireApp(grants: Pick<AppGrants, 'may'>, caller: Caller, name: string): Promise<void> {
  if (await grants.may(caller, name, 'CAN_MANAGE')) return
  throw new LakeletError('permission_denied', { action: `let an app use app ${name}` })
}

async function requireDatabase(
  grants: Pick<AppGrants, 'mayAttach'>,
  caller: Caller,
  { name, postgres }: Resource,
): Promise<void> {
  if (!postgres) throw invalid(name, because('resource_nothing'))
  const project = /^projects\/([^/]+)\/branches\/[^/]+$/.exec(postgres.branch)?.[1]
  if (project === undefined) throw invalid(name, because('resource_branch', { branch: postgres.branch }))
  if (!(await grants.mayAttach(caller, project)))
    throw new LakeletError('permission_denied', { action: `give an app a database of project ${project}` })
}

function invalid(resource: string, reason: Reason): LakeletError {
  return new LakeletError('app_resource_invalid', { resource, reason })
}

/** The fields of a body that are kept without effect; an empty text is as good as none. */
function otherSettings(body: UpdateAppBody, fields: readonly string[]): OtherAppSettings {
  const given = OTHER_APP_SETTINGS.filter((field) => fields.includes(field))
    .map((field) => [field, body[field]] as const)
    .filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(given)
}

function withFields(settings: OtherAppSettings, fields: readonly string[]): OtherAppSettings {
  return Object.fromEntries(Object.entries(settings).filter(([field]) => fields.includes(field)))
}

function withoutFields(settings: OtherAppSettings, fields: readonly string[]): OtherAppSettings {
  return Object.fromEntries(Object.entries(settings).filter(([field]) => !fields.includes(field)))
}
