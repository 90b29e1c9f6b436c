// Which endpoint a client names: by the host name of the TLS handshake, or by `options=endpoint=…`; and which moment of its past, by
// `options=timestamp=…` or `options=lsn=…`.
import { joinOptions, splitOptions, type StartupParameter } from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import type { EndpointQuery, PastQuery } from './control.ts'

/** What host name and options say; both may be missing. Throws `startup_invalid` for options that name several. */
export function endpointQuery(
  host: string | undefined,
  parameters: readonly StartupParameter[],
): EndpointQuery {
  const sni = endpointOfHost(host)
  const option = endpointOption(parameters)
  return { ...(sni ? { sni } : {}), ...(option ? { option } : {}) }
}

/** Whether the client wants a backend for each transaction: it names a host or an endpoint with `-pooler`, or says `options=pool=transaction`. */
export function wantsPool(host: string | undefined, parameters: readonly StartupParameter[]): boolean {
  const words = parameters.filter(isOptions).flatMap(wordsOf)
  const options = words.flatMap((_, at) => ownOption(words, at) ?? [])
  const pool = options.findLast(({ name }) => name === 'pool')?.value
  if (pool !== undefined && pool !== 'transaction' && pool !== 'session')
    throw new LakeletError('startup_invalid', {
      reason: `options say pool=${pool}; known are pool=transaction and pool=session`,
    })
  if (pool !== undefined) return pool === 'transaction'
  const label = host?.split('.', 1)[0] ?? ''
  const isNamed = ({ name, value }: OwnOption) => name === 'endpoint' && withoutPooler(value) !== value
  return (label.startsWith('ep-') && withoutPooler(label) !== label) || options.some(isNamed)
}

/** `ep-<uid>` of `ep-<uid>[-pooler].…`; undefined for host names that name no endpoint (`localhost`, a name of the user's own). */
function endpointOfHost(host: string | undefined): string | undefined {
  const label = host?.split('.', 1)[0]
  return label?.startsWith('ep-') ? withoutPooler(label) : undefined
}

/** The moment of the past that the options name; undefined where they mean now. Throws `startup_invalid` for several. */
export function pastQuery(parameters: readonly StartupParameter[]): PastQuery | undefined {
  const words = parameters.filter(isOptions).flatMap(wordsOf)
  const named = words.flatMap((_, at) => {
    const option = ownOption(words, at)
    return option && (option.name === 'lsn' || option.name === 'timestamp') ? [option] : []
  })
  const [first] = named
  if (!first) return undefined
  if (named.some(({ name, value }) => name !== first.name || value !== first.value))
    throw new LakeletError('startup_invalid', { reason: 'options name more than one moment of the past' })
  return first.name === 'lsn' ? { lsn: first.value } : { time: first.value }
}

/** The parameters without what `options` say to us. Everything else stays byte for byte. */
export function withoutOwnOptions(parameters: readonly StartupParameter[]): readonly StartupParameter[] {
  return parameters.flatMap((parameter) => {
    if (!isOptions(parameter)) return [parameter]
    const words = wordsOf(parameter)
    const kept = words.filter((_, at) => ownOption(words, at) === undefined)
    if (kept.length === words.length) return [parameter]
    return kept.length === 0
      ? []
      : [{ name: parameter.name, value: Buffer.from(joinOptions(kept), 'latin1') }]
  })
}

function endpointOption(parameters: readonly StartupParameter[]): string | undefined {
  const words = parameters.filter(isOptions).flatMap(wordsOf)
  const named = new Set(
    words.flatMap((_, at) => {
      const option = ownOption(words, at)
      return option?.name === 'endpoint' ? [withoutPooler(option.value)] : []
    }),
  )
  if (named.size > 1)
    throw new LakeletError('startup_invalid', { reason: 'options name more than one endpoint' })
  return [...named][0]
}

interface OwnOption {
  readonly name: 'endpoint' | 'timestamp' | 'lsn' | 'pool'
  readonly value: string
}

/** What the word at `at` says to us, as in `endpoint=ep-x`. Behind `-c` the same word would be a setting. */
function ownOption(words: readonly string[], at: number): OwnOption | undefined {
  const [, name, value] = /^(endpoint|timestamp|lsn|pool)=(.+)$/s.exec(words[at] ?? '') ?? []
  if (name === undefined || value === undefined || words[at - 1] === '-c') return undefined
  return { name: name as OwnOption['name'], value }
}

function isOptions({ name }: StartupParameter): boolean {
  return name.toString('latin1') === 'options'
}

/** latin1 keeps bytes that are not UTF-8. */
function wordsOf({ value }: StartupParameter): string[] {
  return splitOptions(value.toString('latin1'))
}

function withoutPooler(name: string): string {
  return name.replace(/-pooler$/i, '')
}
