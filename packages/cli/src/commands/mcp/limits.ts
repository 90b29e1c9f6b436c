// How far the tools go, on the command line.
import { nearest } from '@lakelet/api'
import { usageFailure } from '../../command/failure.ts'

/** As `TOOLSETS` of the server, which is loaded only where it serves; a test holds them together. */
export const TOOLSETS = ['projects', 'branches', 'sql', 'apps', 'observe'] as const
type Toolset = (typeof TOOLSETS)[number]

export const limitOptions = {
  readOnly: { summary: 'only tools that change nothing' },
  toolsets: {
    value: 'NAMES',
    summary: `only these groups of tools, separated by commas: ${TOOLSETS.join(', ')}`,
    parse: parseToolsets,
  },
  project: { value: 'PROJECT', summary: 'id of the only project that the tools may use' },
} as const

export interface Limits {
  readonly readOnly: boolean
  readonly toolsets: readonly Toolset[] | undefined
  readonly project: string | undefined
}

function parseToolsets(text: string): readonly Toolset[] {
  const names = text.split(',').map((each) => each.trim())
  const unknown = names.find((name) => !isToolset(name))
  if (unknown === undefined) return names.filter(isToolset)
  const near = nearest(unknown, TOOLSETS)
  throw usageFailure(
    `'${unknown}' is no group of tools.`,
    near === undefined ? `They are ${TOOLSETS.join(', ')}.` : `Did you mean '${near}'?`,
  )
}

function isToolset(name: string): name is Toolset {
  return TOOLSETS.some((each) => each === name)
}
