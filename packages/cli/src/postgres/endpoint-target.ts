// Which branch and endpoint a command means: named in full, in part, by the folder's link, or the only one there is.
import {
  type Client,
  type Endpoint,
  branchRoutes,
  endpointRoutes,
  parseResourceName,
  projectRoutes,
} from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { Failure, exitCodes, failureOf, usageFailure } from '../command/failure.ts'
import type { Link, LinkTarget } from '../config/link.ts'
import { type Moment, splitMoment } from './moment.ts'

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

/**
 * The same, of a branch that may be named by its id alone and followed by a moment of its past: `main@-5m`, `projects/p/branches/main@-5m`,
 * `@-5m` for the default branch.
 */
export function momentTargetOf(
  text: string | undefined,
  options: EndpointTarget,
): { readonly target: EndpointTarget; readonly moment: Moment | undefined } {
  const { name, moment } = splitMoment(text ?? options.branch ?? '')
  if (text === undefined) return { target: { ...options, branch: name || undefined }, moment }
  if (name === '') return { target: options, moment }
  return { target: name.includes('/') ? targetOf(name, options) : { ...options, branch: name }, moment }
}

/** The parameters of the routes about an endpoint. */
export function paramsOf({ name, endpoint_id: endpoint }: Endpoint) {
  const { project = '', branch = '' } = parseResourceName(name) ?? {}
  return { project, branch, endpoint }
}

/** Finds the endpoint; where a part is not named, as `findBranch` does, and of the branch the read-write endpoint. */
export async function findEndpoint(context: Asking, target: EndpointTarget): Promise<Endpoint> {
  const { client } = await context.workspace()
  const { signal } = context
  const { project, branch } = await findBranch(context, target)
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

/** What of a command's context it takes to find something. */
export type Asking = Pick<CommandContext, 'workspace' | 'signal'>

export interface BranchTarget {
  readonly project: string
  readonly branch: string
}

/** Finds the branch: as named, else what the folder is linked to, else the only project there is and its default branch. */
export async function findBranch(
  context: Asking,
  named: Pick<EndpointTarget, 'project' | 'branch'>,
): Promise<BranchTarget> {
  const { client, link } = await context.workspace()
  const { signal } = context
  const linked = await linkedTarget(client, link, named, signal)
  const project = named.project ?? linked.project ?? (await onlyProject(client, signal))
  const branch = named.branch ?? linked.branch ?? (await mainBranch(client, project, signal))
  return { project, branch }
}

/** Finds the project: as named, else what the folder is linked to, else the only one there is. */
export async function findProject(context: Asking, named: string | undefined): Promise<string> {
  if (named !== undefined) return named
  const { client, link } = await context.workspace()
  const { signal } = context
  const linked = await linkedTarget(client, link, { project: undefined, branch: undefined }, signal)
  return linked.project ?? (await onlyProject(client, signal))
}

/** What the link adds to what is named. Throws a Failure where that is gone. */
async function linkedTarget(
  client: Client,
  link: Link | undefined,
  named: Pick<EndpointTarget, 'project' | 'branch'>,
  signal: AbortSignal,
): Promise<Pick<LinkTarget, 'project' | 'branch'>> {
  if (link?.project === undefined || (named.project ?? link.project) !== link.project) return {}
  const { project, file } = link
  const branch = named.branch === undefined ? link.branch : undefined
  if (branch === undefined && named.project !== undefined) return {}
  try {
    await requirePresent(client, { project, branch }, signal)
    return { project, branch }
  } catch (error) {
    const { message, todo, exitCode } = failureOf(error)
    if (exitCode !== exitCodes.notFound) throw error
    throw new Failure(`${message.replace(/\.?$/, '')}; ${file} links this folder to it.`, {
      exitCode,
      todo: `${todo === undefined ? '' : `${todo} `}'lakelet link PROJECT[/BRANCH]' links the folder to another one, 'lakelet unlink' to none; what is named on the command line wins.`,
      cause: error,
    })
  }
}

/** Throws a Failure for a project, or a branch in it, that was deleted and can be brought back; the API's own error for one that is not there. */
export async function requirePresent(
  client: Client,
  { project, branch }: Pick<LinkTarget, 'branch'> & { readonly project: string },
  signal: AbortSignal,
): Promise<void> {
  const found = await (branch === undefined
    ? client.call(projectRoutes.getProject, { params: { project } }, signal)
    : client.call(branchRoutes.getBranch, { params: { project, branch } }, signal))
  if (found.delete_time === undefined) return
  const verb = branch === undefined ? 'undelete-project' : 'undelete-branch'
  throw new Failure(`${found.name} was deleted at ${found.delete_time}.`, {
    exitCode: exitCodes.notFound,
    todo: `'lakelet postgres ${verb} ${found.name}' brings it back.`,
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
    "Name the one you mean with --project or as the target, or link this folder to it with 'lakelet link PROJECT'.",
  )
}

async function mainBranch(client: Client, project: string, signal: AbortSignal): Promise<string> {
  const { branches = [] } = await client.call(branchRoutes.listBranches, { params: { project } }, signal)
  const found = branches.length === 1 ? branches[0] : branches.find((each) => each.status.default)
  if (found) return idOf(found)
  throw usageFailure(`Project ${project} has no default branch.`, 'Name a branch with --branch.')
}

/** The last part of a resource's name. */
export function idOf(resource: { readonly name: string }): string {
  return resource.name.slice(resource.name.lastIndexOf('/') + 1)
}
