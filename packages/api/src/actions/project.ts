import { LakeletError } from '../errors/lakelet-error.ts'
import type { Branch } from '../resources/branch.ts'
import type { Project } from '../resources/project.ts'
import type { ActionTable, Condition } from './table.ts'

/** A project as its actions look at it. */
export interface ProjectSubject {
  readonly isDeleted: boolean
  /** Id of a branch that is protected, if one is. */
  readonly protectedBranch: string | undefined
}

/** A project and its branches, as the API shows them, in the eyes of `projectActions`. */
export function projectSubject(project: Project, branches: readonly Branch[]): ProjectSubject {
  return {
    isDeleted: project.delete_time !== undefined,
    protectedBranch: branches.find(({ status }) => status.is_protected && status.delete_time === undefined)
      ?.branch_id,
  }
}

const isLive: Condition<ProjectSubject> = {
  needs: 'it is not deleted',
  refusal: ({ isDeleted }) =>
    isDeleted ? new LakeletError('resource_not_found', { type: 'project' }) : undefined,
}

const isDeleted: Condition<ProjectSubject> = {
  needs: 'it is deleted and not purged',
  refusal: (project) =>
    project.isDeleted ? undefined : new LakeletError('not_deleted', { type: 'project' }),
}

const hasNoProtectedBranch: Condition<ProjectSubject> = {
  needs: 'none of its branches is protected',
  refusal: ({ protectedBranch: branch }) =>
    branch === undefined ? undefined : new LakeletError('project_protected', { branch }),
}

export const projectActions = {
  update: [isLive],
  create_branch: [isLive],
  delete: [isLive, hasNoProtectedBranch],
  purge: [hasNoProtectedBranch],
  undelete: [isDeleted],
} as const satisfies ActionTable<ProjectSubject>
