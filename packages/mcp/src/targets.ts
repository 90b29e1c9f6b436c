// Which project, branch and endpoint a call means.
import {
  type Branch,
  branchName,
  branchRoutes,
  type Endpoint,
  endpointRoutes,
  parseResourceName,
  type Project,
  projectRoutes,
} from '@lakelet/api'
import { ToolError } from './problem.ts'
import type { ToolContext } from './tool.ts'

export interface BranchTarget {
  readonly project: string
  readonly branch: string
}

interface Named {
  readonly project?: string | undefined
  readonly branch?: string | undefined
}

/** The id of the project: as named, else the one that the server was started for, else the only one there is. */
export async function projectOf(context: ToolContext, named: string | undefined): Promise<string> {
  const { client, signal, options } = context
  const asked = named === undefined ? undefined : idsOf(named, 'project').project
  if (options.project !== undefined) {
    if (asked === undefined || asked === options.project) return options.project
    throw new ToolError('These tools were started for one project and see no other.', {
      project: options.project,
    })
  }
  if (asked !== undefined) return asked
  const { projects = [] } = await client.call(projectRoutes.listProjects, {}, signal)
  const [only] = projects
  if (projects.length === 1 && only) return only.project_id
  if (projects.length === 0) throw new ToolError('There is no project yet. create_project makes one.')
  throw new ToolError('There are several projects: name one in project.', {
    projects: projects.map(({ project_id: id }) => id),
  })
}

/** The ids of the branch: as named, else the default branch of its project. */
export async function branchOf(context: ToolContext, named: Named): Promise<BranchTarget> {
  const ids = named.branch === undefined ? undefined : idsOf(named.branch, 'branch')
  if (ids?.project !== undefined && named.project !== undefined && ids.project !== named.project)
    throw new ToolError('project and the full name in branch name two projects.')
  const project = await projectOf(context, named.project ?? ids?.project)
  if (ids?.branch !== undefined) return { project, branch: ids.branch }
  const { client, signal } = context
  const { status } = await client.call(projectRoutes.getProject, { params: { project } }, signal)
  const branch = parseResourceName(status.default_branch)?.branch
  if (branch !== undefined) return { project, branch }
  throw new ToolError('The project has no default branch: name one in branch.')
}

export function getBranch({ client, signal }: ToolContext, params: BranchTarget): Promise<Branch> {
  return client.call(branchRoutes.getBranch, { params }, signal)
}

export function getProject({ client, signal }: ToolContext, project: string): Promise<Project> {
  return client.call(projectRoutes.getProject, { params: { project } }, signal)
}

/** The endpoint of a branch that takes writes, or the only one. */
export async function endpointOf(context: ToolContext, params: BranchTarget): Promise<Endpoint> {
  const { client, signal } = context
  const { endpoints = [] } = await client.call(endpointRoutes.listEndpoints, { params }, signal)
  const found =
    endpoints.find(({ status }) => status.endpoint_type === 'ENDPOINT_TYPE_READ_WRITE') ?? endpoints[0]
  if (found) return found
  throw new ToolError('The branch has no endpoint, so that nothing can connect to it.', {
    branch: branchName(params.project, params.branch),
  })
}

/** Full name of a branch that is protected or the default of its project; undefined for others. */
export function guardedName({ name, status }: Branch): string | undefined {
  return status.default || status.is_protected ? name : undefined
}

/** The ids in a full name, or `text` as an id. */
function idsOf(
  text: string,
  type: 'project' | 'branch',
): { readonly project?: string; readonly branch?: string } {
  if (!text.includes('/')) return type === 'project' ? { project: text } : { branch: text }
  const parsed = parseResourceName(text)
  if (parsed?.type === type) return parsed
  throw new ToolError(
    type === 'project'
      ? 'project has to be an id or projects/<project>.'
      : 'branch has to be an id or projects/<project>/branches/<branch>.',
  )
}
