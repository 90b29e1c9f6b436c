import { allBranches } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { allProjects, updateProject } from '../../metadata/projects.ts'

/** A project whose default branch is not there any more gets its oldest live one. */
export async function repairDefaultBranches(queries: Queries): Promise<void> {
  const branches = await allBranches(queries)
  for (const project of await allProjects(queries)) {
    const own = branches.filter((branch) => branch.project_uid === project.uid)
    if (own.some(({ uid }) => uid === project.default_branch_uid)) continue
    const next = own.find(({ delete_time: deleted }) => deleted === null) ?? own[0]
    if (next) await updateProject(queries, project.uid, { default_branch_uid: next.uid })
  }
}
