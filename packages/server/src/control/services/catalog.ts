// The ids of roles and databases. Postgres' catalogue is the truth about the objects; an object that was made by SQL gets
// an id derived from its name when it is first seen, and keeps it when it is renamed.
import { createHash } from 'node:crypto'
import { DATABASE_ID, ROLE_ID } from '@lakelet/api'
import {
  type CatalogIdRow,
  type CatalogKind,
  deleteCatalogIds,
  listCatalogIds,
  putCatalogId,
} from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import type { AdminConnection } from '../../postgres/index.ts'

const MOST_CHARACTERS = 63

const patterns: Readonly<Record<CatalogKind, RegExp>> = { role: ROLE_ID, database: DATABASE_ID }

/** The oids of all roles or databases by name. */
export async function readOids(admin: AdminConnection, kind: CatalogKind): Promise<Map<string, number>> {
  const rows = await admin.query<{ oid: string; name: string }>(
    kind === 'role'
      ? 'SELECT oid::text, rolname AS name FROM pg_roles'
      : 'SELECT oid::text, datname AS name FROM pg_database',
  )
  return new Map(rows.map(({ oid, name }) => [name, Number(oid)]))
}

export interface CatalogObject {
  readonly name: string
  readonly oid: number
}

/** The id of each object by its name; new ones are stored, ids of objects that are gone are forgotten. */
export async function syncCatalogIds(
  queries: Queries,
  branchUid: string,
  kind: CatalogKind,
  objects: readonly CatalogObject[],
  now: string,
): Promise<Map<string, CatalogIdRow>> {
  const known = new Map((await listCatalogIds(queries, branchUid, kind)).map((row) => [row.oid, row]))
  const present = new Set(objects.map(({ oid }) => oid))
  const gone = [...known.keys()].filter((oid) => !present.has(oid))
  await deleteCatalogIds(queries, branchUid, kind, gone)
  for (const oid of gone) known.delete(oid)
  const taken = new Set([...known.values()].map(({ id }) => id))
  for (const { name, oid } of objects) {
    if (known.has(oid)) continue
    const id = freeId(kind, name, taken)
    const row = { branch_uid: branchUid, kind, oid, id, create_time: now, update_time: now }
    await putCatalogId(queries, row)
    known.set(oid, row)
    taken.add(id)
  }
  return new Map(
    objects.flatMap(({ name, oid }) => (known.has(oid) ? [[name, known.get(oid)!] as const] : [])),
  )
}

/** An id made of a Postgres name: `app_user` → `app-user`; with a part of its hash where that is not allowed or taken. */
export function freeId(kind: CatalogKind, name: string, taken: ReadonlySet<string>): string {
  const plain = dashed(name)
  if (patterns[kind].test(plain) && !taken.has(plain)) return plain
  const hash = createHash('sha256').update(name).digest('hex')
  const stem = /^[a-z]/.test(plain) ? plain : `${kind === 'role' ? 'role' : 'db'}-${plain}`
  for (let length = 8; ; length += 4) {
    const suffix = `-${hash.slice(0, length)}`
    const id = `${stem.slice(0, MOST_CHARACTERS - suffix.length).replace(/-+$/, '')}${suffix}`
    if (!taken.has(id)) return id
  }
}

/** The id of the owner's role: what stands before the @ of an address, `sp-<application id>` of a service principal. */
export function ownerRoleId(owner: {
  readonly kind: 'user' | 'service_principal'
  readonly name: string
}): string {
  const wanted = owner.kind === 'user' ? dashed(owner.name.split('@')[0] ?? '') : `sp-${dashed(owner.name)}`
  return ROLE_ID.test(wanted) ? wanted : freeId('role', `owner-${wanted}`, new Set())
}

function dashed(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MOST_CHARACTERS)
    .replace(/-+$/, '')
}
