import { branchName, type Role as RoleView, roleName } from '@lakelet/api'
import type { Role } from '../../postgres/index.ts'
import type { Known } from '../catalog/known-catalog.ts'
import type { BranchRows } from '../rules/resolve.ts'

/** A role as the API shows it; `observedTime` says when it was so. */
export function viewRole(
  { project, branch }: BranchRows,
  { object, id }: Known<Role>,
  observedTime: string,
): RoleView {
  return {
    name: roleName(project.project_id, branch.branch_id, id.id),
    role_id: id.id,
    parent: branchName(project.project_id, branch.branch_id),
    create_time: id.create_time,
    update_time: id.update_time,
    observed_time: observedTime,
    status: {
      role_id: id.id,
      postgres_role: object.name,
      identity_type: object.identity?.type ?? 'IDENTITY_TYPE_UNSPECIFIED',
      auth_method: methodOf(object),
      ...(object.isSuperuserMember ? { membership_roles: ['DATABRICKS_SUPERUSER'] } : {}),
      attributes: object.attributes,
    },
  }
}

function methodOf(role: Role): RoleView['status']['auth_method'] {
  if (!role.canLogin) return 'NO_LOGIN'
  return role.identity ? 'LAKEBASE_OAUTH_V1' : 'PG_PASSWORD_SCRAM_SHA_256'
}
