import { branchName, type Database as DatabaseView, databaseName, roleName } from '@lakelet/api'
import type { Database, Role } from '../../postgres/index.ts'
import type { Known } from '../catalog/known-catalog.ts'
import type { BranchRows } from '../rules/resolve.ts'

/**
 * A database as the API shows it; `observedTime` says when it was so. One that belongs to a role of the system shows that
 * role's Postgres name as its id.
 */
export function viewDatabase(
  { project, branch }: BranchRows,
  { object, id }: Known<Database>,
  roles: readonly Known<Role>[],
  observedTime: string,
): DatabaseView {
  const owner = roles.find((role) => role.object.name === object.owner)?.id.id ?? object.owner
  return {
    name: databaseName(project.project_id, branch.branch_id, id.id),
    database_id: id.id,
    parent: branchName(project.project_id, branch.branch_id),
    create_time: id.create_time,
    update_time: id.update_time,
    observed_time: observedTime,
    status: {
      database_id: id.id,
      postgres_database: object.name,
      role: roleName(project.project_id, branch.branch_id, owner),
    },
  }
}
