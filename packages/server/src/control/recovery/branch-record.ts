// What a branch's manifest holds for the control plane: the rows that the branch needs, as they are stored, without what changes all
// the time. A later version adds columns by adding them to the tables; what an older manifest lacks gets the table's default.
import { z } from 'zod'
import { allBranches, type BranchRow } from '../../metadata/branches.ts'
import { allCatalogIds } from '../../metadata/catalog-ids.ts'
import type { Queries } from '../../metadata/database.ts'
import { allEndpoints } from '../../metadata/endpoints.ts'
import { allProjects } from '../../metadata/projects.ts'

const time = z.string()
const row = { uid: z.string(), create_time: time }

/** Only what recovery itself looks at is checked; the tables check the rest. */
const branchRecord = z.object({
  project: z.looseObject({ ...row, project_id: z.string(), default_branch_uid: z.string() }),
  branch: z.looseObject({ ...row, branch_id: z.string(), delete_time: time.nullable() }),
  endpoints: z.array(z.looseObject({ ...row, endpoint_id: z.string() })),
  catalogIds: z.array(z.looseObject({ kind: z.enum(['role', 'database']), oid: z.number(), id: z.string() })),
})

export type BranchRecord = Readonly<z.output<typeof branchRecord>>

/** The record in a manifest; undefined where it is not one. */
export function parseRecord(record: unknown): BranchRecord | undefined {
  return branchRecord.safeParse(record).data
}

/** The records of all branches, or of the one, by uid; branches that are still being made only when `withUnfinished`. */
export async function loadRecords(
  queries: Queries,
  options: { readonly branchUid?: string; readonly withUnfinished?: boolean } = {},
): Promise<Map<string, { readonly record: BranchRecord; readonly row: BranchRow }>> {
  const [projects, branches, endpoints, catalogIds] = [
    await allProjects(queries),
    await allBranches(queries),
    await allEndpoints(queries),
    await allCatalogIds(queries),
  ]
  const byUid = new Map(projects.map((project) => [project.uid, project]))
  const endpointsOf = Map.groupBy(endpoints, (endpoint) => endpoint.branch_uid)
  const idsOf = Map.groupBy(catalogIds, (each) => each.branch_uid)
  const wanted = branches.filter(
    (branch) =>
      (options.branchUid === undefined || branch.uid === options.branchUid) &&
      (options.withUnfinished === true || branch.state !== 'INIT'),
  )
  return new Map(
    wanted.flatMap((branch) => {
      const project = byUid.get(branch.project_uid)
      if (!project) return []
      const record: BranchRecord = {
        project: without(project, 'seq'),
        branch: without(branch, 'seq', 'logical_size_bytes'),
        endpoints: (endpointsOf.get(branch.uid) ?? []).map((each) =>
          without(each, 'seq', 'last_active_time', 'branch_uid'),
        ),
        catalogIds: (idsOf.get(branch.uid) ?? []).map((each) => without(each, 'branch_uid')),
      }
      return [[branch.uid, { record, row: branch }]]
    }),
  )
}

function without<T extends object, K extends keyof T>(object: T, ...keys: K[]): Omit<T, K> {
  const copy = { ...object }
  for (const key of keys) delete copy[key]
  return copy
}
