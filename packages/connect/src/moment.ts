// A moment of the past that connections are to read. The server takes it as a word of the startup parameter `options`.
import { type StartupParameter, startupParameter } from '@lakelet/wire'
import { LakebaseError } from './errors.ts'

export interface MomentOptions {
  readonly timestamp?: Date | string | undefined
  readonly lsn?: string | undefined
}

/** The word for `options`; undefined for the present. Throws CONFIGURATION. */
export function momentWord({ timestamp, lsn }: MomentOptions): string | undefined {
  if (timestamp !== undefined && lsn !== undefined)
    throw new LakebaseError('CONFIGURATION', 'timestamp and lsn both name a moment: leave one of them out')
  if (lsn !== undefined) {
    if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(lsn)) return `lsn=${lsn}`
    throw new LakebaseError('CONFIGURATION', `lsn '${lsn}' is no position in the log, such as 0/1A2B3C`)
  }
  if (timestamp === undefined) return undefined
  if (typeof timestamp === 'string' && /^\d{4}-\d\d-\d\dT\S+(?:Z|[+-]\d\d:\d\d)$/.test(timestamp))
    return `timestamp=${timestamp}`
  if (timestamp instanceof Date && !Number.isNaN(timestamp.getTime()))
    return `timestamp=${timestamp.toISOString()}`
  throw new LakebaseError(
    'CONFIGURATION',
    `timestamp '${String(timestamp)}' is no moment: pass a Date, or a text with a zone such as 2026-01-31T12:00:00Z`,
  )
}

/** The parameters with the word behind what the driver puts into `options` itself. */
export function atMoment(
  parameters: readonly StartupParameter[],
  word: string | undefined,
): readonly StartupParameter[] {
  if (word === undefined) return parameters
  const others = parameters.filter(({ name }) => name.toString('latin1') !== 'options')
  const options = [startupParameter(parameters, 'options'), word].filter(Boolean).join(' ')
  return [...others, { name: Buffer.from('options'), value: Buffer.from(options) }]
}
