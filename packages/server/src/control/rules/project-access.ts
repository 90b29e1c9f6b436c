import type { AccessLevel } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { LakeletError } from '../../base/errors.ts'
import type { ProjectRow } from '../../metadata/projects.ts'
import type { ControlParts } from '../context.ts'

type Access = Pick<ControlParts, 'principals'>

/** What a caller may do on a project: admins and its owner everything, others what they were granted. */
export async function levelOn(
  { principals }: Access,
  caller: Caller,
  project: Pick<ProjectRow, 'uid' | 'owner_id'>,
): Promise<AccessLevel | undefined> {
  if (caller.isAdmin || project.owner_id === caller.id) return 'CAN_MANAGE'
  return principals.projectLevel(caller, project.uid)
}

/** LakeletError `permission_denied` for a caller who cannot manage the project. */
export async function requireManage(
  access: Access,
  caller: Caller,
  project: Pick<ProjectRow, 'uid' | 'owner_id'>,
  action: string,
): Promise<void> {
  if ((await levelOn(access, caller, project)) !== 'CAN_MANAGE') {
    throw new LakeletError('permission_denied', { action })
  }
}
