import { projectRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { Projects } from '../services/projects.ts'

export function implementProjects(projects: Projects): ImplementedRoute[] {
  return implementRoutes(projectRoutes, {
    createProject: ({ caller, query, body }) => projects.create(caller, query.project_id, body),
    listProjects: ({ caller, query }) => projects.list(caller, query),
    getProject: ({ params }) => projects.get(params.project),
    updateProject: ({ caller, params, query, body }) =>
      projects.update(caller, params.project, query.update_mask, body),
    deleteProject: ({ caller, params, query }) =>
      projects.delete(caller, params.project, query.purge === true),
    undeleteProject: ({ caller, params }) => projects.undelete(caller, params.project),
  })
}
