// Which branch is meant: a full name, or an id with the project beside it.
import { type Client, parseResourceName, projectRoutes } from '@lakelet/api'
import { usageFailure } from '../../command/failure.ts'

export interface BranchPath {
  readonly project: string
  readonly branch: string
}

/** Where no project is named, the only one there is. */
export async function branchPath(
  client: Client,
  name: string,
  project: string | undefined,
  signal: AbortSignal,
): Promise<BranchPath> {
  const parsed = parseResourceName(name)
  if (parsed?.type === 'branch' && parsed.branch !== undefined)
    return { project: parsed.project, branch: parsed.branch }
  if (name.includes('/')) {
    throw usageFailure(
      `'${name}' is neither the id of a branch nor a full name, projects/<project>/branches/<branch>.`,
    )
  }
  if (project !== undefined) return { project: project.replace(/^projects\//, ''), branch: name }
  const { projects = [] } = await client.call(projectRoutes.listProjects, { query: {} }, signal)
  const [only, ...others] = projects
  if (only && others.length === 0) return { project: only.project_id, branch: name }
  throw usageFailure(
    only
      ? `There are several projects: name one with --project, such as --project ${only.project_id}.`
      : 'There is no project yet.',
  )
}
