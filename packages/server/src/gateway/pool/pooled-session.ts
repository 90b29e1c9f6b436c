// A client that logged in to a pool: what it is greeted with, and its relay.
import { encodeAuthenticationOk, encodeBackendKeyData, encodeParameterStatus, encodeReadyForQuery, encodeStartup, startupParameter } from '@lakelet/wire'
import { LakeletError } from '../../base/errors.ts'
import type { CancelKey } from '../cancel-keys.ts'
import type { ClientConnection } from '../client-connection.ts'
import { forwardedParameters, type Startup } from '../startup.ts'
import type { Pool, StartupShape } from './pool.ts'

const APPLICATION_NAME = 'application_name'
const NAMES = new Set(['user', 'database', APPLICATION_NAME])

/** How its backends are opened. Throws `pool_replication` for what cannot be shared. */
export function startupShape(startup: Startup): StartupShape {
  const forwarded = forwardedParameters(startup)
  const replication = startupParameter(forwarded, 'replication')
  if (replication !== undefined && !/^(false|off|no|0)$/i.test(replication))
    throw new LakeletError('pool_replication')
  const settings = forwarded.filter(({ name }) => !NAMES.has(name.toString('latin1')))
  const own = forwarded.filter(({ name }) => name.toString('latin1') !== APPLICATION_NAME)
  const named = forwarded.findLast(({ name }) => name.toString('latin1') === APPLICATION_NAME)
  return {
    startupClass: settings
      .map(({ name, value }) => `${name.toString('latin1')}\0${value.toString('latin1')}`)
      .join('\0'),
    packet: encodeStartup(own),
    applicationName: named?.value.toString('latin1') ?? '',
  }
}

/** What a backend of the client's class reports; the first client of a class waits for one. */
export async function greetingOf(
  client: object,
  pool: Pool,
  shape: StartupShape,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  if (!pool.greetings.has(shape.startupClass)) pool.giveBack(await pool.take(client, shape, signal))
  const reported = new Map(pool.greetings.get(shape.startupClass))
  if (shape.applicationName !== '') reported.set(APPLICATION_NAME, cleanName(shape.applicationName))
  return reported
}

/** As the server shows it: bytes that are not ASCII are spelled out (pg_clean_ascii). */
function cleanName(name: string): string {
  return name.replace(
    /[^ -~]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** All that a server says between the login and the first query. */
export function greet(
  client: ClientConnection,
  reported: ReadonlyMap<string, string>,
  key: CancelKey,
): void {
  client.stream.write(
    Buffer.concat([
      encodeAuthenticationOk(),
      ...Array.from(reported, ([name, value]) => encodeParameterStatus(name, value)),
      encodeBackendKeyData(key.processId, key.secret),
      encodeReadyForQuery('I'),
    ]),
  )
}
