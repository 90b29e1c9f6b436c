// All principals with who is in which group, as they were read at one moment.
import type { Caller } from '../base/caller.ts'
import type { Queries } from '../metadata/database.ts'
import { listMemberships, listPrincipals, type PrincipalRow } from '../metadata/principals.ts'

export type PrincipalKind = 'user' | 'service_principal' | 'group'

export interface Principal {
  /** Numeric SCIM id. */
  readonly id: number
  readonly kind: PrincipalKind
  /** E-mail address, application id, or the group's display name: also the Postgres role name. */
  readonly name: string
  readonly displayName: string
  readonly active: boolean
  readonly externalId: string | undefined
  /** SCIM attributes that nothing interprets. */
  readonly attributes: Readonly<Record<string, unknown>>
  /** True for the groups that every workspace has. */
  readonly isSystem: boolean
}

export interface DirectorySnapshot {
  readonly all: readonly Principal[]
  readonly byId: ReadonlyMap<number, Principal>
  readonly byName: ReadonlyMap<string, Principal>
  readonly members: ReadonlyMap<number, readonly number[]>
  readonly parents: ReadonlyMap<number, readonly number[]>
  readonly callers: Map<number, Caller>
}

/** What principals are found by: without regard to case. */
export function keyOf(kind: PrincipalKind, name: string): string {
  return `${kind} ${name.toLowerCase()}`
}

export async function readSnapshot(queries: Queries): Promise<DirectorySnapshot> {
  const all = (await listPrincipals(queries)).map(principalOf)
  const members = new Map<number, number[]>()
  const parents = new Map<number, number[]>()
  for (const { group_id, member_id } of await listMemberships(queries)) {
    members.set(group_id, [...(members.get(group_id) ?? []), member_id])
    parents.set(member_id, [...(parents.get(member_id) ?? []), group_id])
  }
  return {
    all,
    byId: new Map(all.map((each) => [each.id, each])),
    byName: new Map(all.map((each) => [keyOf(each.kind, each.name), each])),
    members,
    parents,
    callers: new Map(),
  }
}

function principalOf(row: PrincipalRow): Principal {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    displayName: row.display_name,
    active: row.active === 1,
    externalId: row.external_id ?? undefined,
    attributes: JSON.parse(row.attributes) as Record<string, unknown>,
    isSystem: row.is_system === 1,
  }
}
