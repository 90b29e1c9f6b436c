// A client that logged in to a pool: what it is greeted with, and its relay.
import {
  encodeAuthenticationOk,
  encodeBackendKeyData,
  encodeParameterStatus,
  encodeReadyForQuery,
  encodeStartup,
  startupParameter,
} from '@lakelet/wire'
import { isLakeletError, LakeletError } from '../../base/errors.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { CancelKey } from '../cancel-keys.ts'
import type { CancelRequests } from '../cancel-requests.ts'
import type { Clock } from '../../base/clock.ts'
import type { GatewayControl } from '../control.ts'
import type { GatewayLimits } from '../limits.ts'
import type { Pools } from './pools.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { RoleFacts } from '../control.ts'
import type { Login } from '../log-in.ts'
import { forwardedParameters, type Startup } from '../startup.ts'
import { checkTokenRole } from '../token-login.ts'
import type { StartupShape } from './pool-options.ts'
import type { Pool } from './pool.ts'
import { PooledRelay } from './pooled-relay.ts'

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
  return name.replace(/[^ -~]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** All that a server says between the login and the first query. */
export function greet(client: ClientConnection, reported: ReadonlyMap<string, string>, key: CancelKey): void {
  client.stream.write(
    Buffer.concat([
      encodeAuthenticationOk(),
      ...Array.from(reported, ([name, value]) => encodeParameterStatus(name, value)),
      encodeBackendKeyData(key.processId, key.secret),
      encodeReadyForQuery('I'),
    ]),
  )
}

export interface PooledClient {
  readonly session: string
  readonly connection: ClientConnection
  readonly startup: Startup
  readonly login: Login
  readonly signal: AbortSignal
}

/** What pooled clients of a thread have in common. */
interface PooledContext {
  readonly control: Pick<GatewayControl, 'wake' | 'role' | 'release'>
  readonly clock: Clock
  readonly limits: GatewayLimits
  readonly pools: Pools
  readonly cancels: CancelRequests
}

/** The relay of a client that was let in; the client has been greeted. Disposing forgets its key and its place in the pool. */
export async function openPooled(
  client: PooledClient,
  context: PooledContext,
  onClientBytes: (nowMs: number) => void,
): Promise<PooledRelay & Disposable> {
  const { connection, startup, login, signal, session } = client
  const shape = startupShape(startup)
  const role = await judgedRole(client, context)
  const { limits, pools, clock, cancels } = context
  const key = {
    endpoint: login.located.endpoint.id,
    database: startup.database,
    role: startup.role,
    oid: role?.oid,
  }
  const pool = pools.of(key)
  pool.clients += 1
  try {
    const parameters = await greetingOf(client, pool, shape, signal)
    const relay = new PooledRelay({
      session,
      client: connection.stream,
      fromClient: connection.release(),
      parameters,
      pool,
      shape,
      registry: pools.registry,
      maxPreparedStatements: limits.pool.maxPreparedStatements,
      clock,
      halfClosedMs: limits.halfClosedMs,
      onClientBytes,
    })
    const cancelKey = cancels.keys.mint(() => relay.cancel())
    greet(connection, parameters, cancelKey)
    return Object.assign(relay, {
      [Symbol.dispose]: () => {
        pool.clients -= 1
        cancels.keys.revoke(cancelKey)
      },
    })
  } catch (error) {
    pool.clients -= 1
    throw error
  }
}

/** A compute may go away between waking and asking. */
const MOST_TRIES = 5

/** What the catalog says of the role, where that was not known while the compute slept; throws what refuses it. */
async function judgedRole(
  { session, startup: { role }, login, signal }: PooledClient,
  { control, clock }: PooledContext,
): Promise<RoleFacts | undefined> {
  const { located, principal } = login
  if (located.role !== undefined || !principal) return located.role === 'absent' ? undefined : located.role
  for (let tries = 1; ; tries += 1) {
    try {
      await untilAborted(control.wake(located.endpoint.id, session), signal)
      const facts = await untilAborted(control.role(located.endpoint.id, role), signal)
      checkTokenRole(principal, role, facts, clock)
      return facts === 'absent' ? undefined : facts
    } catch (error) {
      if (isLakeletError(error) || signal.aborted || tries === MOST_TRIES) throw error
    } finally {
      control.release(session)
    }
  }
}
