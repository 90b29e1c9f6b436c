import { projectActions, projectSubject } from '@lakelet/api/actions'
import { useRead } from '../../api/queries.ts'
import { reasonAgainst } from '../../api/reasons.ts'

/** Why each action on a project cannot be taken now; undefined where it can, and while project and branches are not read yet. */
export function useProjectReasons(project: string) {
  const { data: found } = useRead('postgres.getProject', { params: { project } })
  const { data: list } = useRead('postgres.listBranches', { params: { project } })
  return (action: keyof typeof projectActions): string | undefined =>
    found && list
      ? reasonAgainst(projectActions, action, projectSubject(found, list.branches ?? []))
      : undefined
}
