// The objects that permissions are about, as identity needs to know them.
import { lineOf } from '../files/paths.ts'
import { levelOn } from '../files/access.ts'
import type { FileGrants } from '../files/ports.ts'
import type { WorkspaceTree } from '../files/workspace-tree.ts'
import type { Permissions } from '../identity/permissions.ts'
import type { KnownObject, ObjectPort } from '../identity/ports.ts'
import { findApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { findObjectById, findObjects } from '../metadata/files.ts'
import { findProject } from '../metadata/projects.ts'

/** Permissions are made before the file tree, so both are asked for when they are needed. */
export function objectPort(
  metadata: Metadata,
  later: { readonly tree: () => WorkspaceTree; readonly grants: () => FileGrants },
): ObjectPort {
  return {
    async find({ type, id }) {
      if (type === 'project') return knownProject(metadata, id)
      if (type === 'app') return knownApp(metadata, id)
      return knownFile(metadata, later, Number(id))
    },
  }
}

/** An app may see itself: what its database is, and its own pages. */
async function knownApp(metadata: Metadata, id: string): Promise<KnownObject | undefined> {
  const row = await findApp(metadata.db, id)
  return (
    row && {
      id,
      ownerId: undefined,
      levelOf: async (caller) => (caller.id === row.service_principal_id ? 'CAN_USE' : undefined),
    }
  )
}

async function knownProject(metadata: Metadata, id: string): Promise<KnownObject | undefined> {
  const row = await findProject(metadata.db, id)
  return row && { id: row.uid, ownerId: row.owner_id }
}

async function knownFile(
  metadata: Metadata,
  later: Parameters<typeof objectPort>[1],
  id: number,
): Promise<KnownObject | undefined> {
  const row = await findObjectById(metadata.db, id)
  if (!row) return undefined
  const above = await findObjects(metadata.db, lineOf(row.path).slice(0, -1))
  return {
    id: String(row.object_id),
    ownerId: undefined,
    ancestors: above.sort((a, b) => b.path.length - a.path.length).map((each) => String(each.object_id)),
    levelOf: (caller) => levelOn(later.tree(), later.grants(), caller, row.path),
  }
}

/** Grants on single files and folders in the file tree's own words. */
export function fileGrants(permissions: () => Permissions): FileGrants {
  return {
    async levelOn(caller, objectId) {
      const level = permissions().grantedLevel(caller, { type: 'file', id: String(objectId) })
      if (level === undefined) return undefined
      return level === 'CAN_EDIT' || level === 'CAN_MANAGE' ? level : 'CAN_READ'
    },
  }
}
