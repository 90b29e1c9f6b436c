// Which endpoint a command means: named in full, in part, or the only one there is.
import {
  type Branch,
  type Client,
  type Endpoint,
  type Project,
  branchRoutes,
  endpointRoutes,
  projectRoutes,
} from '@lakelet/api'
import { Failure, exitCodes, usageFailure } from '../command/failure.ts'

/** Options of commands that take an endpoint. */
export const targetOptions = {
  project: { value: 'PROJECT', summary: 'id of the project' },
  branch: { value: 'BRANCH', summary: 'id of the branch' },
  endpoint: { value: 'ENDPOINT', summary: 'id of the endpoint' },
} as const

export interface EndpointTarget {
  readonly project: string | undefined
  readonly branch: string | undefined
  readonly endpoint: string | undefined
}

const FORM = 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]'

/** The parts of TARGET, completed by the options. */
export function targetOf(text: string | undefined, options: EndpointTarget): EndpointTarget {
  if (text === undefined) return options
  const match = /^projects\/([^/]+)(?:\/branches\/([^/]+)(?:\/endpoints\/([^/]+))?)?$/.exec(text)
  if (!match) throw usageFailure(`'${text}' is not a target of the form ${FORM}.`)
  return {
    project: match[1],
    branch: match[2] ?? options.branch,
    endpoint: match[3] ?? options.endpoint,
  }
}

/** Finds the endpoint; where a part is not named, the only one there is, the default branch, the read-write endpoint. */
export async function findEndpoint(
  client: Client,
  target: EndpointTarget,
  signal: AbortSignal,
): Promise<Endpoint> {
  const project = target.project ?? (await onlyProject(client, signal))
  const branch = target.branch ?? (await mainBranch(client, project, signal))
  if (target.endpoint !== undefined) {
    const params = { project, branch, endpoint: target.endpoint }
    return client.call(endpointRoutes.getEndpoint, { params }, signal)
  }
  const { endpoints = [] } = await client.call(
    endpointRoutes.listEndpoints,
    { params: { project, branch } },
    signal,
  )
  const found =
    endpoints.length === 1
      ? endpoints[0]
      : endpoints.find((each) => each.status.endpoint_type === 'ENDPOINT_TYPE_READ_WRITE')
  if (found) return found
  throw new Failure(`Branch projects/${project}/branches/${branch} has no endpoint.`, {
    exitCode: exitCodes.notFound,
    todo: `Make one with 'lakelet postgres create-endpoint projects/${project}/branches/${branch} primary'.`,
  })
}

async function onlyProject(client: Client, signal: AbortSignal): Promise<string> {
  const { projects = [] } = await client.call(projectRoutes.listProjects, {}, signal)
  if (projects.length === 1 && projects[0]) return idOf(projects[0])
  if (projects.length === 0) {
    throw new Failure('The workspace has no Postgres project.', {
      exitCode: exitCodes.notFound,
      todo: "Make one with 'lakelet postgres create-project my-app-db'.",
    })
  }
  throw usageFailure(
    `The workspace has several projects: ${projects.map(({ name }) => name).join(', ')}.`,
    'Name the one you mean with --project or as the target.',
  )
}

async function mainBranch(client: Client, project: string, signal: AbortSignal): Promise<string> {
  const { branches = [] } = await client.call(branchRoutes.listBranches, { params: { project } }, signal)
  const found = branches.length === 1 ? branches[0] : branches.find((each) => each.status.default)
  if (found) return idOf(found)
  throw usageFailure(`Project ${project} has no default branch.`, 'Name a branch with --branch.')
}

function idOf(resource: Project | Branch): string {
  return resource.name.slice(resource.name.lastIndexOf('/') + 1)
}
