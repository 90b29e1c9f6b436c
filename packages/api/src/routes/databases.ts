import { z } from 'zod'
import { database, databaseInput } from '../resources/database.ts'
import { branchParams, paging, queryFlag, updateMaskQuery } from '../resources/fields.ts'
import { empty, operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { BRANCH, canManageProject, canUseProject, catalogErrors, writeErrors } from './postgres.ts'

const params = branchParams.extend({ database: z.string() })

export const databaseRoutes = {
  createDatabase: defineRoute({
    id: 'postgres.createDatabase',
    method: 'POST',
    path: `${BRANCH}/databases`,
    summary: 'Create a Postgres database in a branch',
    params: branchParams,
    query: z.object({ database_id: z.string().optional(), replace_existing: queryFlag.optional() }),
    body: databaseInput,
    reply: operationOf(database),
    errors: [
      ...writeErrors,
      ...catalogErrors,
      'field_required',
      'invalid_id',
      'name_exists',
      'owner_role_not_found',
      'limit_reached',
    ],
    permission: canUseProject,
  }),
  listDatabases: defineRoute({
    id: 'postgres.listDatabases',
    method: 'GET',
    path: `${BRANCH}/databases`,
    summary: 'List the Postgres databases of a branch; wakes nothing',
    params: branchParams,
    query: paging,
    reply: z.object({ databases: z.array(database).optional(), next_page_token: z.string().optional() }),
    errors: ['resource_not_found', ...catalogErrors],
    permission: canUseProject,
  }),
  getDatabase: defineRoute({
    id: 'postgres.getDatabase',
    method: 'GET',
    path: `${BRANCH}/databases/:database`,
    summary: 'Read a Postgres database; wakes nothing',
    params,
    reply: database,
    errors: ['resource_not_found', ...catalogErrors],
    permission: canUseProject,
  }),
  updateDatabase: defineRoute({
    id: 'postgres.updateDatabase',
    method: 'PATCH',
    path: `${BRANCH}/databases/:database`,
    summary: 'Rename a Postgres database or give it another owner',
    params,
    query: updateMaskQuery,
    body: databaseInput,
    reply: operationOf(database),
    errors: [...writeErrors, ...catalogErrors, 'name_exists', 'owner_role_not_found'],
    permission: canManageProject,
  }),
  deleteDatabase: defineRoute({
    id: 'postgres.deleteDatabase',
    method: 'DELETE',
    path: `${BRANCH}/databases/:database`,
    summary: 'Drop a Postgres database',
    params,
    reply: operationOf(empty),
    errors: [...writeErrors, ...catalogErrors],
    permission: canManageProject,
  }),
} as const
