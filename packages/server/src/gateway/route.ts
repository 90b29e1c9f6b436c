// Which endpoint a client names: by the host name of the TLS handshake, or by `options=endpoint=…`.
import { joinOptions, splitOptions, type StartupParameter } from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import type { EndpointQuery } from './control.ts'

/** What host name and options say; both may be missing. Throws `startup_invalid` for options that name several. */
export function endpointQuery(
  host: string | undefined,
  parameters: readonly StartupParameter[],
): EndpointQuery {
  const sni = endpointOfHost(host)
  const option = endpointOption(parameters)
  return { ...(sni ? { sni } : {}), ...(option ? { option } : {}) }
}

/** `ep-<uid>` of `ep-<uid>[-pooler].…`; undefined for host names that name no endpoint (`localhost`, a name of the user's own). */
function endpointOfHost(host: string | undefined): string | undefined {
  const label = host?.split('.', 1)[0]
  return label?.startsWith('ep-') ? withoutPooler(label) : undefined
}

/** The parameters without `endpoint=…` in `options`. Everything else stays byte for byte. */
export function withoutEndpointOption(parameters: readonly StartupParameter[]): readonly StartupParameter[] {
  return parameters.flatMap((parameter) => {
    if (!isOptions(parameter)) return [parameter]
    const words = wordsOf(parameter)
    const kept = words.filter((_, at) => namedBy(words, at) === undefined)
    if (kept.length === words.length) return [parameter]
    return kept.length === 0
      ? []
      : [{ name: parameter.name, value: Buffer.from(joinOptions(kept), 'latin1') }]
  })
}

function endpointOption(parameters: readonly StartupParameter[]): string | undefined {
  const words = parameters.filter(isOptions).flatMap(wordsOf)
  const named = new Set(words.flatMap((_, at) => namedBy(words, at) ?? []))
  if (named.size > 1)
    throw new LakeletError('startup_invalid', { reason: 'options name more than one endpoint' })
  return [...named][0]
}

/** The endpoint that the word at `at` names, as in `endpoint=ep-x`. Behind `-c` the same word would be a setting. */
function namedBy(words: readonly string[], at: number): string | undefined {
  const value = /^endpoint=(.+)$/s.exec(words[at] ?? '')?.[1]
  return value === undefined || words[at - 1] === '-c' ? undefined : withoutPooler(value)
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
