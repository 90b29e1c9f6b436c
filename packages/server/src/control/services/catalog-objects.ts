// What roles and databases have in common as objects of a branch's catalogue.
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { CatalogKind } from '../../metadata/catalog-ids.ts'
import type { OperationRequest } from '../../operations/operations.ts'
import type { OpenedCatalog } from '../catalog/catalogs.ts'
import type { Known } from '../catalog/known-catalog.ts'
import { freeId } from '../catalog/ids.ts'
import { LIMITS } from '../rules/limits.ts'
import type { CatalogInput } from '../operations/catalog-input.ts'
import { cutPage, type PageQuery, readPage } from '../rules/pages.ts'
import { type BranchRows, lockOf, notFound } from '../rules/resolve.ts'

const MOST = { role: LIMITS.rolesPerBranch, database: LIMITS.databasesPerBranch } as const

/** The object of that id. LakeletError `resource_not_found`. */
export function findKnown<T>(kind: CatalogKind, objects: readonly Known<T>[], id: string): Known<T> {
  const found = objects.find((object) => object.id.id === id)
  if (!found) throw notFound(kind)
  return found
}

/** The id of a new object: the one asked for, or one made of its name. LakeletError `limit_reached`. */
export function idOfNew(
  kind: CatalogKind,
  present: readonly Known<unknown>[],
  wantedId: string | undefined,
  name: string,
): string {
  const limit = MOST[kind]
  if (present.length >= limit) throw new LakeletError('limit_reached', { what: `${kind}s`, limit })
  return wantedId || freeId(kind, name, new Set(present.map((each) => each.id.id)))
}

/** A page of `objects`, which are sorted by id. */
export function pageOfKnown<T>(
  kind: CatalogKind,
  { branch }: BranchRows,
  objects: readonly Known<T>[],
  query: PageQuery,
): { readonly items: readonly Known<T>[]; readonly next_page_token?: string } {
  const list = `${kind}s ${branch.uid}`
  const page = readPage<string>(list, query, 'string')
  const rest = objects.filter(({ id }) => id.id > (page.after ?? ''))
  const { items, nextToken } = cutPage(list, rest, page.size, ({ id }) => id.id)
  return { items, ...(nextToken === undefined ? {} : { next_page_token: nextToken }) }
}

/** A request for an operation on the object `id` of the opened branch. */
export function catalogRequest<E extends object>(
  caller: Caller,
  { rows: { project, branch }, endpointUid }: OpenedCatalog,
  object: { readonly id: string; readonly resource: string },
  input: E,
): OperationRequest<CatalogInput & E> {
  return {
    resource: object.resource,
    objectUid: project.uid,
    callerId: caller.id,
    input: {
      projectUid: project.uid,
      branchUid: branch.uid,
      endpointUid,
      callerId: caller.id,
      id: object.id,
      ...input,
    },
    locks: [{ scope: lockOf.branch(project.uid, branch.uid), mode: 'exclusive' }],
  }
}
