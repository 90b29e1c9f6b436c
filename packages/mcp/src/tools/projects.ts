import { overviewRoutes, type Project, projectName, projectRoutes } from '@lakelet/api'
import { z } from 'zod'
import { pageField, confirmFields } from '../fields.ts'
import { ToolError } from '../problem.ts'
import { getProject, projectOf } from '../targets.ts'
import { defineTool, sessionOf, unconfirmed } from '../tool.ts'
import { done } from '../wait.ts'

const field = z.string().min(1).max(400)

export const projectTools = [
  defineTool({
    name: 'workspace',
    title: 'Workspace',
    description:
      'Who is signed in, where the workspace is, and its projects, branches and apps at a glance. Start here.',
    toolset: 'projects',
    effect: 'reads',
    input: z.object({}),
    async run(context) {
      const { client, signal, options } = context
      const session = await sessionOf(context)
      const { projects, apps } = await client.call(overviewRoutes.getOverview, {}, signal)
      return {
        text: 'The workspace and what of it you may see.',
        data: {
          user: session.user,
          kind: session.kind,
          is_admin: session.is_admin,
          version: session.version,
          host: session.host,
          postgres: session.postgres,
          postgres_versions: session.postgres_versions,
          computes: session.computes,
          read_only_tools: options.readOnly === true,
          projects: projects
            .filter(({ project }) => options.project === undefined || project.project_id === options.project)
            .map(({ project, branches }) => ({
              project: project.project_id,
              pg_version: project.status.pg_version,
              branches: branches.map(({ branch, endpoints }) => ({
                branch: branch.branch_id,
                default: branch.status.default,
                is_protected: branch.status.is_protected,
                compute: endpoints.map(({ status }) => status.current_state).join(', '),
              })),
            })),
          apps: apps.map(({ name, url, app_status: status }) => ({ name, url, state: status.state })),
        },
      }
    },
  }),
  defineTool({
    name: 'list_projects',
    title: 'List projects',
    description: 'The Postgres projects that the signed-in user may use.',
    toolset: 'projects',
    effect: 'reads',
    input: z.object({ page: pageField }),
    async run(context, { page }) {
      const { client, signal, options } = context
      if (options.project !== undefined)
        return {
          text: 'The one project of these tools.',
          data: { projects: [shown(await getProject(context, options.project))] },
        }
      const query = page === undefined ? {} : { page_token: page }
      const reply = await client.call(projectRoutes.listProjects, { query }, signal)
      const { projects = [], next_page_token: next } = reply
      return {
        text: `Projects: ${projects.length}.`,
        data: { projects: projects.map(shown), next_page_token: next },
        more: next === undefined ? undefined : 'more projects follow, by next_page_token in page',
      }
    },
  }),
  defineTool({
    name: 'get_project',
    title: 'Read a project',
    description:
      'One project: version of Postgres, default branch, owner, retention, settings of new computes.',
    toolset: 'projects',
    effect: 'reads',
    input: z.object({ project: field.optional().describe('Id of the project.') }),
    async run(context, { project }) {
      return { text: 'The project.', data: await getProject(context, await projectOf(context, project)) }
    },
  }),
  defineTool({
    name: 'create_project',
    title: 'Create a project',
    description:
      'Makes a project with its branch production, compute and database databricks_postgres, and waits for it.',
    toolset: 'projects',
    effect: 'adds',
    isOffered: ({ project }) => project === undefined,
    input: z.object({
      project: field.describe('Id of the new project: lower-case letters, digits and hyphens.'),
      display_name: z.string().max(256).optional(),
      pg_version: z.int().optional().describe('Major version of Postgres; the default one when left out.'),
    }),
    async run(context, { project, display_name: displayName, pg_version: version }) {
      const { client, signal } = context
      const spec = {
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(version === undefined ? {} : { pg_version: version }),
      }
      const started = await client.call(
        projectRoutes.createProject,
        { query: { project_id: project }, body: { spec } },
        signal,
      )
      await done(context, started)
      return { text: 'The project was made.', data: shown(await getProject(context, project)) }
    },
  }),
  defineTool({
    name: 'delete_project',
    title: 'Delete a project',
    description:
      'Deletes a project with all its branches and data. Done in two calls, confirmed with its full name; for a week a person can bring it back.',
    toolset: 'projects',
    effect: 'destroys',
    input: z.object({ project: field.describe('Id of the project.'), ...confirmFields }),
    async run(context, input) {
      const { client, signal } = context
      const id = await projectOf(context, input.project)
      const project = await getProject(context, id)
      if (project.delete_time !== undefined) throw new ToolError('The project is deleted already.')
      const question = await unconfirmed(context, {
        input,
        would: 'The project with all its branches and data would be deleted.',
        data: shown(project),
        state: [project.uid, project.update_time],
        name: projectName(project.project_id),
      })
      if (question) return question
      const started = await client.call(
        projectRoutes.deleteProject,
        { params: { project: id }, query: {} },
        signal,
      )
      await done(context, started)
      return {
        text: "The project was deleted. For a week 'lakelet postgres undelete-project' brings it back.",
        data: { project: project.name },
      }
    },
  }),
]

function shown({ project_id: id, uid, create_time: time, status, delete_time: deleted }: Project) {
  return {
    project: id,
    uid,
    display_name: status.display_name,
    default_branch: status.default_branch,
    owner: status.owner,
    pg_version: status.pg_version,
    size_bytes: status.synthetic_storage_size_bytes,
    history_retention: status.history_retention_duration,
    create_time: time,
    delete_time: deleted,
  }
}
