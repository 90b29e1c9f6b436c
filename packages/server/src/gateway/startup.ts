// What a startup packet says: who, to which database, with which parameters; and which version of the protocol is spoken.
import {
  encodeNegotiateProtocolVersion,
  PROTOCOL_3_0,
  type StartupParameter,
  startupParameter,
} from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import type { FirstPacket } from './accept.ts'
import type { ClientConnection } from './client-connection.ts'
import type { PastQuery } from './control.ts'
import { pastQuery, wantsPool, withoutOwnOptions } from './route.ts'

export interface Startup {
  readonly role: string
  readonly database: string
  readonly applicationName: string | undefined
  /** The moment of the past that it wants to read. */
  readonly past: PastQuery | undefined
  /** It wants a backend for each transaction rather than one of its own; a moment of the past has sessions only. */
  readonly isPooled: boolean
  /** As they came. */
  readonly parameters: readonly StartupParameter[]
}

/**
 * Reads the packet, answering at once where the client asked for more than we speak. Throws `protocol_unsupported`,
 * `connection_insecure` or `startup_without_user`.
 */
export function readStartup(
  packet: Exclude<FirstPacket, { type: 'cancelRequest' }>,
  client: ClientConnection,
): Startup {
  if (packet.type !== 'startup') throw unsupportedVersion(packet)
  if (!client.isEncrypted) throw new LakeletError('connection_insecure')
  const { parameters } = packet
  const negotiated = negotiate(packet.minor, parameters)
  if (negotiated) client.stream.write(negotiated)
  const role = startupParameter(parameters, 'user')
  if (!role) throw new LakeletError('startup_without_user')
  const past = pastQuery(parameters)
  return {
    role,
    database: startupParameter(parameters, 'database') ?? role,
    applicationName: startupParameter(parameters, 'application_name') || undefined,
    past,
    isPooled: wantsPool(client.sni, parameters) && past === undefined,
    parameters,
  }
}

/** What the server gets: everything but what was meant for us. */
export function forwardedParameters({ parameters }: Startup): readonly StartupParameter[] {
  return withoutOwnOptions(parameters).filter((each) => !isProtocolOption(each))
}

function unsupportedVersion(packet: { readonly major?: number; readonly minor?: number }): LakeletError {
  return new LakeletError('protocol_unsupported', { major: packet.major ?? 0, minor: packet.minor ?? 0 })
}

/** Asked for more than 3.0, or for protocol options: the answer names what we do not know (SendNegotiateProtocolVersion). */
function negotiate(minor: number, parameters: readonly StartupParameter[]): Buffer | undefined {
  const unknown = parameters.filter(isProtocolOption).map(({ name }) => name)
  return minor > 0 || unknown.length > 0 ? encodeNegotiateProtocolVersion(PROTOCOL_3_0, unknown) : undefined
}

function isProtocolOption({ name }: StartupParameter): boolean {
  return name.toString('latin1').startsWith('_pq_.')
}

/** Any value but that of `off` begins the protocol of replication (backend_startup.c). */
export function isReplication({ parameters }: Startup): boolean {
  const value = startupParameter(parameters, 'replication')?.toLowerCase()
  return value !== undefined && !['', 'false', 'off', 'no', '0'].includes(value)
}
