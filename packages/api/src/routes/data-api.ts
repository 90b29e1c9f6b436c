import { z } from 'zod'
import { dataApi, dataApiInput } from '../resources/data-api.ts'
import { branchParams, updateMaskQuery } from '../resources/fields.ts'
import { empty, operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { BRANCH, canManageProject, canUseProject, catalogErrors, writeErrors } from './postgres.ts'

const params = branchParams.extend({ database: z.string() })
const path = `${BRANCH}/databases/:database/data-api`

export const dataApiRoutes = {
  createDataApi: defineRoute({
    id: 'postgres.createDataApi',
    method: 'POST',
    path,
    summary: 'Enable the Data API of a database',
    params,
    body: dataApiInput,
    reply: operationOf(dataApi),
    errors: [...writeErrors, ...catalogErrors, 'field_required', 'already_exists'],
    permission: canManageProject,
  }),
  getDataApi: defineRoute({
    id: 'postgres.getDataApi',
    method: 'GET',
    path,
    summary: 'Read the Data API of a database: its settings and its URL; wakes nothing',
    params,
    reply: dataApi,
    errors: ['resource_not_found', ...catalogErrors],
    permission: canUseProject,
  }),
  updateDataApi: defineRoute({
    id: 'postgres.updateDataApi',
    method: 'PATCH',
    path,
    summary: 'Change the Data API of a database; an empty spec reads its schema again',
    params,
    query: updateMaskQuery,
    body: dataApiInput,
    reply: operationOf(dataApi),
    errors: [...writeErrors, ...catalogErrors],
    permission: canManageProject,
  }),
  deleteDataApi: defineRoute({
    id: 'postgres.deleteDataApi',
    method: 'DELETE',
    path,
    summary: 'Disable the Data API of a database',
    params,
    reply: operationOf(empty),
    errors: [...writeErrors, ...catalogErrors],
    permission: canManageProject,
  }),
} as const
