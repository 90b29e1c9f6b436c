// Parks the sessions of an endpoint that one thread holds: looks at all of them at once, has what they tell proven, and holds those that can go.
import type { Clock } from '../../base/clock.ts'
import { startDeadline } from '../../base/deadline.ts'
import { LakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type {
  BackendAddress,
  GatewayControl,
  ParkRefusal,
  ParkResult,
  RoleFacts,
  SessionInfo,
} from '../control.ts'
import { proveAll, type Recipe, type Subject } from './prover.ts'
import type { SessionParking } from './session-parking.ts'

/** A session as far as it is parked. */
interface ParkableSession {
  readonly id: string
  readonly info: SessionInfo
  readonly parking: SessionParking | undefined
  readonly parkRefusal: ParkRefusal | undefined
  terminate(reason: LakeletError): Promise<void>
}

interface ParkContext {
  readonly control: GatewayControl
  readonly clock: Clock
  readonly logger: Logger
  readonly deadlineMs: number
}

interface Looked extends Subject {
  readonly session: ParkableSession
  readonly parking: SessionParking
}

/** See `GatewayCommands.park`. */
export async function parkSessions(
  sessions: readonly ParkableSession[],
  endpoint: string,
  context: ParkContext,
): Promise<ParkResult> {
  const asked = sessions.filter(({ parking }) => parking?.stage !== 'parked')
  using deadline = startDeadline(context.clock, context.deadlineMs, new Error('parking took too long'))
  const { signal } = deadline
  const looked = await Promise.all(asked.map((session) => look(session, signal)))
  const told = looked.filter((each) => each !== undefined)
  const proven = await prove(told, endpoint, context, signal)
  const held = told.filter((each) => {
    const found = proven.get(each)
    if (!found) each.parking.refuse('unproven')
    return found && each.parking.accept(each, found.recipe, found.role)
  })
  // Those of a pool have no backend of their own while they are idle.
  const isFree = ({ parking, parkRefusal }: ParkableSession) => !parking && parkRefusal === undefined
  const others = asked.filter((session) => !held.some((each) => each.session === session))
  const left = others.filter((session) => !isFree(session))
  const refused = left.map(({ id, info, parkRefusal = 'active' }) => {
    const isIdle = info.state === 'idle' || info.state === 'transaction'
    return {
      session: id,
      reason: parkRefusal,
      ...(isIdle && parkRefusal !== 'active' && info.idleMs !== undefined ? { idleMs: info.idleMs } : {}),
    }
  })
  return { parked: held.length + others.length - left.length, refused }
}

async function look(session: ParkableSession, signal: AbortSignal): Promise<Looked | undefined> {
  const { parking } = session
  const subject = await parking?.look(signal)
  return parking && subject && { ...subject, session, parking }
}

async function prove(
  told: readonly Looked[],
  endpoint: string,
  { control, clock, logger }: ParkContext,
  signal: AbortSignal,
): Promise<Map<Looked, { readonly recipe: Recipe; readonly role: RoleFacts }>> {
  if (told.length === 0) return new Map()
  const names = [...new Set(told.flatMap(({ session }) => session.info.role ?? []))]
  try {
    const memory = (ids: readonly number[]) => control.memory(endpoint, ids)
    const all = Promise.all([
      proveAll(told, { memory, clock, signal }),
      Promise.all(names.map(async (name) => [name, await control.role(endpoint, name)] as const)),
    ])
    const [recipes, facts] = await untilAborted(all, signal)
    const roles = new Map(facts)
    return new Map(
      [...recipes].flatMap(([each, recipe]) => {
        const role = roles.get(each.session.info.role ?? '')
        return role && role !== 'absent' ? [[each, { recipe, role }] as const] : []
      }),
    )
  } catch (error) {
    logger.info({ err: error, endpoint }, 'what sessions hold could not be proven')
    return new Map()
  }
}

/** See `GatewayCommands.revive`. */
export async function reviveListening(
  sessions: readonly ParkableSession[],
  address: BackendAddress,
  { clock, deadlineMs }: ParkContext,
): Promise<void> {
  using deadline = startDeadline(clock, deadlineMs, new Error('too late'))
  const listening = sessions.filter(({ parking }) => parking?.isDeaf)
  await Promise.all(
    listening.map(async (session) => {
      const revived = session.parking?.reviveAt(address) ?? Promise.resolve()
      await untilAborted(revived, deadline.signal).catch(() => undefined)
      if (session.parking?.isDeaf)
        void session.terminate(new LakeletError('session_not_resumed', { reason: LATE }))
    }),
  )
}

const LATE = 'it listens to channels, and was not back before others could notify it'
