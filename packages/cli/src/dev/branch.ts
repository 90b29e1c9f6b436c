// The branch of `lakelet dev`: the one that is named, linked or the default one, or one that is made for it.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { ApiError, type Client, branchRoutes, projectRoutes } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { withProgress } from '../command/progress.ts'
import { waitForOperation } from '../commands/postgres/operation.ts'
import { type BranchTarget, findBranch, requirePresent } from '../postgres/endpoint-target.ts'

export interface BranchWish {
  readonly project: string | undefined
  readonly branch: string | undefined
  /** A branch for this call alone. */
  readonly newBranch: boolean
  /** Life of a branch that is made, in ms. */
  readonly ttl: number | undefined
}

export interface DevBranch extends BranchTarget, AsyncDisposable {
  /** What became of the wish, for people; undefined where the branch was there. */
  readonly said: string | undefined
}

const TIMEOUT_MS = 600_000
/** A branch that is deleted at the end goes by itself after this, when there was no end: a kill, a power cut. */
const FORGOTTEN_SECONDS = 7 * 86_400

/** Finds or makes it. A branch of `newBranch` without a life of its own goes at the end. */
export async function branchForDev(context: CommandContext, wish: BranchWish): Promise<DevBranch> {
  const { client } = await context.workspace()
  const { signal } = context
  const made = await projectIfNone(context, wish.project)
  const source = await findBranch(context, { project: wish.project, branch: undefined })
  const { project } = source
  if (!wish.newBranch && (wish.branch === undefined || wish.branch === source.branch))
    return kept(source, made)
  const branch = wish.branch ?? `dev-${randomBytes(3).toString('hex')}`
  if (!wish.newBranch && (await isThere(client, { project, branch }, signal))) {
    const left = wish.ttl === undefined ? made : `Branch ${branch} was there; its life stays as it is.`
    return kept({ project, branch }, left)
  }
  const isTemporary = wish.newBranch && wish.ttl === undefined
  const life = isTemporary ? FORGOTTEN_SECONDS : wish.ttl && Math.ceil(wish.ttl / 1000)
  await withProgress(context.terminal, `Making branch ${branch}`, async () => {
    const spec = {
      source_branch: `projects/${project}/branches/${source.branch}`,
      ...(life === undefined ? { no_expiry: true } : { ttl: `${life}s` }),
    }
    const call = { params: { project }, query: { branch_id: branch }, body: { spec } }
    const started = await client.call(branchRoutes.createBranch, call, signal)
    await waitForOperation(client, started, { timeoutMs: TIMEOUT_MS, signal })
  })
  const said = `Branch ${branch} was made from ${source.branch}${isTemporary ? '; it goes when this ends' : ''}.`
  const dispose = async (): Promise<void> => {
    if (isTemporary) await deleteBranch(client, { project, branch })
  }
  return { project, branch, said, [Symbol.asyncDispose]: dispose }
}

function kept(target: BranchTarget, said: string | undefined): DevBranch {
  return { ...target, said, [Symbol.asyncDispose]: async () => {} }
}

async function isThere(client: Client, target: BranchTarget, signal: AbortSignal): Promise<boolean> {
  try {
    await requirePresent(client, target, signal)
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false
    throw error
  }
}

async function deleteBranch(client: Client, params: BranchTarget): Promise<void> {
  const { signal } = new AbortController()
  const query = { purge: true, allow_missing: true }
  const started = await client.call(branchRoutes.deleteBranch, { params: { ...params }, query }, signal)
  await waitForOperation(client, started, { timeoutMs: TIMEOUT_MS, signal })
}

/** A workspace of this machine that is empty gets a project: named, or with the name of the folder. Gives what to say about it. */
export async function projectIfNone(
  context: CommandContext,
  named: string | undefined,
): Promise<string | undefined> {
  const { client, configuration, link } = await context.workspace()
  if (!configuration.local || link?.project !== undefined) return undefined
  const { projects = [] } = await client.call(projectRoutes.listProjects, {}, context.signal)
  if (projects.length > 0) return undefined
  const project = named ?? projectIdOf(context.terminal.cwd)
  await makeProject(context, project)
  return `Project ${project} was made: the workspace had none.`
}

async function makeProject({ workspace, terminal, signal }: CommandContext, id: string): Promise<void> {
  const { client } = await workspace()
  await withProgress(terminal, `Making project ${id}`, async () => {
    const call = { query: { project_id: id }, body: { spec: { display_name: id } } }
    const started = await client.call(projectRoutes.createProject, call, signal)
    await waitForOperation(client, started, { timeoutMs: TIMEOUT_MS, signal })
  })
}

/** The name of a folder as the id of a project. */
function projectIdOf(folder: string): string {
  const id = path
    .basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63)
  return id === '' ? 'app' : id
}
