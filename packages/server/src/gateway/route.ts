// Which endpoint a client means. First that applies: the host name of the TLS handshake, `options=endpoint=…`, the
// endpoint a token names, the only endpoint there is.
import { joinOptions, splitOptions, type StartupParameter } from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import type { EndpointFinder, EndpointQuery, GatewayEndpoint } from './ports.ts'

export interface RouteRequest {
  readonly sni: string | undefined
  readonly parameters: readonly StartupParameter[]
}

/** The endpoint by host name or option, `only` when it is the only one and was not named, undefined when a token must tell. */
export async function routeByName(
  finder: EndpointFinder,
  request: RouteRequest,
): Promise<{ readonly endpoint: GatewayEndpoint; readonly isNamed: boolean } | undefined> {
  const sni = endpointOfHost(request.sni)
  const option = endpointOption(request.parameters)
  if (sni && option && !(await isSameEndpoint(finder, sni, option))) {
    throw new LakeletError('endpoint_inconsistent', { sni, option })
  }
  const query: EndpointQuery = sni ? { sni } : option ? { option } : {}
  const answer = await finder.findEndpoint(query)
  if (answer === 'unknown') throw new LakeletError('endpoint_unknown')
  if (answer === 'ambiguous') return undefined
  return { endpoint: answer, isNamed: sni !== undefined || option !== undefined }
}

/** The option may spell the name otherwise than the host does, for instance as a resource name. */
async function isSameEndpoint(finder: EndpointFinder, sni: string, option: string): Promise<boolean> {
  if (sni === option.toLowerCase()) return true
  const [bySni, byOption] = await Promise.all([finder.findEndpoint({ sni }), finder.findEndpoint({ option })])
  return typeof bySni === 'object' && typeof byOption === 'object' && bySni.id === byOption.id
}

/** The endpoint that a verified token names. */
export async function routeByToken(
  finder: EndpointFinder,
  named: string | undefined,
): Promise<GatewayEndpoint> {
  if (named === undefined) throw new LakeletError('endpoint_unspecified')
  const answer = await finder.findEndpoint({ token: named })
  if (typeof answer === 'string') throw new LakeletError('endpoint_unknown')
  return answer
}

/** `ep-<uid>` of `ep-<uid>[-pooler].…`; undefined for host names that name no endpoint (`localhost`, a name of the user's own). */
export function endpointOfHost(host: string | undefined): string | undefined {
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
