// Which branch a command means: its id, its full name, or the default one.
import type { Client } from '@lakelet/api'
import { findEndpoint, targetOf } from '../../postgres/endpoint-target.ts'

export const branchArgument = {
  summary: 'id of the branch, or projects/<project>/branches/<branch>; the default branch when left out',
  optional: true,
} as const

export const projectOption = {
  value: 'PROJECT',
  summary: 'id of the project, where there are several',
} as const

export interface BranchTarget {
  readonly project: string
  readonly branch: string
}

/** Looks up what is not said. */
export async function findBranchTarget(
  client: Client,
  text: string | undefined,
  project: string | undefined,
  signal: AbortSignal,
): Promise<BranchTarget> {
  const none = { project, branch: undefined, endpoint: undefined }
  const target = text === undefined || text.includes('/') ? targetOf(text, none) : { ...none, branch: text }
  if (target.project !== undefined && target.branch !== undefined)
    return { project: target.project, branch: target.branch }
  const { name } = await findEndpoint(client, target, signal)
  const [, found = '', , branch = ''] = name.split('/')
  return { project: found, branch }
}
