import { type Branch, branchName, branchRoutes } from '@lakelet/api'
import { ToolError } from './problem.ts'
import type { ToolContext } from './tool.ts'
import { done } from './wait.ts'

/** Makes a branch and waits for it. */
export async function createBranch(
  context: Pick<ToolContext, 'client' | 'signal' | 'progress'>,
  asked: {
    readonly project: string
    readonly branch: string
    readonly id: string
    readonly source_branch_time?: string
    readonly source_branch_lsn?: string
    readonly ttl?: string
    readonly no_expiry?: true
  },
): Promise<Branch> {
  const { project, branch, id, ...rest } = asked
  const started = await context.client.call(
    branchRoutes.createBranch,
    {
      params: { project },
      query: { branch_id: id },
      body: { spec: { source_branch: branchName(project, branch), ...rest } },
    },
    context.signal,
  )
  const made = await done(context, started)
  if (made) return made
  throw new ToolError('The branch was made, and the workspace did not say what it is.')
}
