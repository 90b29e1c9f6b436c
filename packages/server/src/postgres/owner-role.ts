import { type AdminConnection, identifier } from './admin.ts'
import { DEFAULT_DATABASE, alterDatabase } from './databases.ts'
import { alterRole, createRole } from './change-role.ts'
import { type RoleIdentity, listRoles } from './roles.ts'

/**
 * Finishes the cluster of a new project: its owner gets a role, named like the identity, that owns the project's database
 * and is a member of databricks_superuser. Doing it again changes nothing, so an interrupted operation can repeat it.
 */
export async function ensureOwnerRole(
  admin: AdminConnection,
  owner: { readonly name: string; readonly identity: RoleIdentity },
): Promise<void> {
  const attributes = { createdb: true, createrole: true, bypassrls: true }
  const wanted = { attributes, isSuperuserMember: true, canLogin: true, identity: owner.identity }
  const present = (await listRoles(admin)).find(({ name }) => name === owner.name)
  if (present) await alterRole(admin, owner.name, wanted)
  else await createRole(admin, { name: owner.name, ...wanted })
  await admin.execute(`ALTER ROLE ${identifier(owner.name)} REPLICATION`)
  await alterDatabase(admin, DEFAULT_DATABASE, { owner: owner.name })
}
