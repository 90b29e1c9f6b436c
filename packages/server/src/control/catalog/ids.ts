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

const MOST_CHARACTERS = 63

const patterns: Readonly<Record<CatalogKind, RegExp>> = { role: ROLE_ID, database: DATABASE_ID }

export interface CatalogObject {
  readonly name: string
  readonly oid: number
}

/**
 * The id of each of `objects`, which are all there were at `observedTime`, by its oid. New ones are stored; ids of objects that
 * are gone are forgotten, but for those that were given after the look.
 */
export async function syncCatalogIds(
  queries: Queries,
  branchUid: string,
  kind: CatalogKind,
  objects: readonly CatalogObject[],
  observedTime: string,
): Promise<ReadonlyMap<number, CatalogIdRow>> {
  const known = new Map((await listCatalogIds(queries, branchUid, kind)).map((row) => [row.oid, row]))
  const present = new Set(objects.map(({ oid }) => oid))
  const gone = [...known.values()].filter(
    ({ oid, create_time }) => !present.has(oid) && create_time <= observedTime,
  )
  await deleteCatalogIds(
    queries,
    branchUid,
    kind,
    gone.map(({ oid }) => oid),
  )
  for (const { oid } of gone) known.delete(oid)
  const taken = new Set([...known.values()].map(({ id }) => id))
  for (const { name, oid } of objects) {
    if (known.has(oid)) continue
    const id = freeId(kind, name, taken)
    const row = {
      branch_uid: branchUid,
      kind,
      oid,
      id,
      create_time: observedTime,
      update_time: observedTime,
      creator_id: null,
    }
    await putCatalogId(queries, row)
    known.set(oid, row)
    taken.add(id)
  }
  return known
}

/**
 * Gives an object that the API made or changed the id it was promised; one that was made by SQL and got that id in the meantime
 * gets another. Returns the row as it now is.
 */
export async function claimCatalogId(
  queries: Queries,
  claim: {
    readonly branchUid: string
    readonly kind: CatalogKind
    readonly oid: number
    readonly id: string
    /** Of a new object. */
    readonly creatorId: number | undefined
  },
  now: string,
): Promise<CatalogIdRow> {
  const { branchUid: branch_uid, kind, oid, id } = claim
  const known = await listCatalogIds(queries, branch_uid, kind)
  const other = known.find((row) => row.id === id && row.oid !== oid)
  if (other) {
    const taken = new Set(known.map((row) => row.id))
    await putCatalogId(queries, { ...other, id: freeId(kind, id, taken) })
  }
  const before = known.find((row) => row.oid === oid)
  const row = {
    branch_uid,
    kind,
    oid,
    id,
    create_time: before?.create_time ?? now,
    update_time: now,
    creator_id: claim.creatorId ?? before?.creator_id ?? null,
  }
  await putCatalogId(queries, row)
  return row
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
