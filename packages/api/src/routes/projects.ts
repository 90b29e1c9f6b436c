import { z } from 'zod'
import { pagingWithDeleted, projectParams, queryFlag, updateMaskQuery } from '../resources/fields.ts'
import { empty, operationOf } from '../resources/operation.ts'
import { project, projectInput } from '../resources/project.ts'
import { defineRoute } from '../route.ts'
import { canManageProject, canUseProject, POSTGRES, writeErrors } from './postgres.ts'

export const projectRoutes = {
  createProject: defineRoute({
    id: 'postgres.createProject',
    method: 'POST',
    path: `${POSTGRES}/projects`,
    summary: 'Create a project with its branch production, endpoint, database and owner role',
    query: z.object({ project_id: z.string().default('') }),
    body: projectInput,
    reply: operationOf(project),
    errors: ['field_required', 'invalid_id', 'project_exists', 'limit_reached', 'not_implemented'],
    permission: { kind: 'authenticated' },
  }),
  listProjects: defineRoute({
    id: 'postgres.listProjects',
    method: 'GET',
    path: `${POSTGRES}/projects`,
    summary: 'List the projects that the caller may use',
    query: pagingWithDeleted,
    reply: z.object({ projects: z.array(project).optional(), next_page_token: z.string().optional() }),
    errors: [],
    permission: { kind: 'service', rule: 'lists the projects on which the caller has CAN_USE' },
  }),
  getProject: defineRoute({
    id: 'postgres.getProject',
    method: 'GET',
    path: `${POSTGRES}/projects/:project`,
    summary: 'Read a project',
    params: projectParams,
    reply: project,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  updateProject: defineRoute({
    id: 'postgres.updateProject',
    method: 'PATCH',
    path: `${POSTGRES}/projects/:project`,
    summary: 'Change settings of a project',
    params: projectParams,
    query: updateMaskQuery,
    body: projectInput,
    reply: operationOf(project),
    errors: [...writeErrors, 'not_implemented'],
    permission: canManageProject,
  }),
  deleteProject: defineRoute({
    id: 'postgres.deleteProject',
    method: 'DELETE',
    path: `${POSTGRES}/projects/:project`,
    summary: 'Delete a project; it can be undeleted for a week unless it is purged',
    params: projectParams,
    query: z.object({ purge: queryFlag.optional() }),
    reply: operationOf(empty),
    errors: [...writeErrors, 'project_protected'],
    permission: canManageProject,
  }),
  undeleteProject: defineRoute({
    id: 'postgres.undeleteProject',
    method: 'POST',
    path: `${POSTGRES}/projects/:project/undelete`,
    summary: 'Bring back a deleted project',
    params: projectParams,
    body: z.object({}),
    reply: operationOf(project),
    errors: [...writeErrors, 'project_exists', 'not_deleted'],
    permission: canManageProject,
  }),
} as const
