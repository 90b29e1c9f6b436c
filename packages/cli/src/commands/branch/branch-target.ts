// How a command takes a branch: its id with the project beside it, or its full name.
import { parseResourceName } from '@lakelet/api'
import { usageFailure } from '../../command/failure.ts'

export const branchArgument = {
  summary: 'id of the branch, or projects/<project>/branches/<branch>',
} as const

export const branchOrDefault = {
  summary: `${branchArgument.summary}; when left out the linked one or the default branch`,
  optional: true,
} as const

export const projectOption = {
  value: 'PROJECT',
  summary: 'id of the project, where the branch is only an id; when left out the linked or the only one',
} as const

/** What is named of a branch, for `findBranch`. */
export interface NamedBranch {
  readonly project: string | undefined
  readonly branch: string | undefined
}

/** The parts of BRANCH and --project. Throws a usage failure for what is no branch, and where the two name different projects. */
export function namedBranch(text: string | undefined, project: string | undefined): NamedBranch {
  const beside = project?.replace(/^projects\//, '')
  if (text === undefined || !text.includes('/')) return { project: beside, branch: text }
  const parsed = parseResourceName(text)
  if (parsed?.type !== 'branch' || parsed.branch === undefined) {
    throw usageFailure(
      `'${text}' is neither the id of a branch nor a full name, projects/<project>/branches/<branch>.`,
    )
  }
  if (beside !== undefined && beside !== parsed.project)
    throw usageFailure(`'${text}' is not in the project that --project names, ${beside}.`)
  return { project: parsed.project, branch: parsed.branch }
}
