// How one session lives without a backend: it is held while it is looked at, then parked, or let go on. Parked, it keeps what its backend has
// told and what makes another one like it; with the next byte of its client it logs in again as the role that it was, and goes on.
import { encodeSync } from '@lakelet/wire'
import { startDeadline } from '../../base/deadline.ts'
import { LakeletError } from '../../base/errors.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import { cancelBackend } from '../cancel-backend.ts'
import type { CancelTarget } from '../cancel-keys.ts'
import type { BackendAddress, ParkRefusal, RoleFacts } from '../control.ts'
import { dial, type DialContext, type Dialer, type DialOptions, tooLate } from '../dial.ts'
import { fatal } from '../refusal.ts'
import type { Relay } from '../relay.ts'
import { type BackendState, readState } from './backend-state.ts'
import { BackendGoneError, Conversation } from './conversation.ts'
import type { Recipe, Subject } from './prover.ts'
import type { ParkedMemory, ParkedRoom } from './parked-memory.ts'
import { canPrepareAgain } from './replay.ts'
import { farewell, type Parked, restore } from './restore-session.ts'
import { checkRoleUnchanged } from './role-unchanged.ts'

export interface SessionParkingParts {
  /** How it logs in again. */
  readonly dialer: Dialer
  readonly context: DialContext & { readonly parkedMemory: ParkedMemory }
  readonly relay: Relay
  /** Where it cannot be parked whatever it holds. */
  readonly isExcluded: boolean
  /** Aborted when the session ends. */
  readonly life: AbortSignal
  /** Of its first backend. */
  readonly key: CancelTarget
  /** Its backend is another one now, or none. */
  readonly onBackend: (key: CancelTarget | undefined) => void
}

/** Where listening sessions wait for each other. */
interface Gate {
  readonly back: PromiseWithResolvers<void>
  readonly opened: PromiseWithResolvers<void>
  isBack: boolean
}

/** Texts of statements and values of settings, in characters. */
const MOST_STATE = 4 * 1024 * 1024
/** For what any session needs. */
const OWN_BYTES = 4_096
/** What could not be found out is tried again after this. */
const PASSING_MS = 10_000
const ERROR = 'E'.charCodeAt(0)

export class SessionParking {
  readonly #parts: SessionParkingParts
  #key: CancelTarget
  #conversation: Conversation | undefined
  #accepted: Parked | undefined
  #parked: Parked | undefined
  /** For what is kept while it is held or parked. */
  #room: ParkedRoom | undefined
  #reviving: Promise<void> | undefined
  /** That its backend ends is meant. */
  #isLeaving = false
  #offer = Promise.withResolvers<BackendAddress>()
  /** Its client is heard only when all that listen are back. */
  #gate: Gate | undefined
  #refused: { readonly moves: number; readonly reason: ParkRefusal; readonly atMs: number } | undefined

  constructor(parts: SessionParkingParts) {
    this.#parts = parts
    this.#key = parts.key
  }

  get stage(): 'relaying' | 'parked' | 'waking' {
    if (this.#reviving) return 'waking'
    return this.#parked ? 'parked' : 'relaying'
  }

  /** Of memory, while it is parked. */
  get parkedBytes(): number | undefined {
    return this.#parked && this.#room?.bytes
  }

  /** It would miss what is notified now. */
  get isDeaf(): boolean {
    return !this.#gate?.isBack && (this.#parked?.state.channels.length ?? 0) > 0
  }

  /** What was found holds as long as nothing moves: only its own statements change what a session holds. */
  get refusal(): ParkRefusal | undefined {
    const { relay, isExcluded } = this.#parts
    const { state } = relay
    if (state === undefined) return 'state_unknown'
    if (state !== 'idle') return state === 'transaction' ? state : 'active'
    if (isExcluded) return 'not_parkable'
    if (this.#refused?.moves !== relay.moves) return undefined
    const { reason, atMs } = this.#refused
    // A host under load may have kept it from being told in time.
    const isPassing =
      (reason === 'unproven' || reason === 'state_unknown' || reason === 'no_room') &&
      this.#nowMs() - atMs > PASSING_MS
    return isPassing ? undefined : reason
  }

  /** Stops what passes and has the backend tell what it holds; undefined, and a `refusal`, where it cannot be parked. */
  async look(signal: AbortSignal): Promise<Subject | undefined> {
    const { relay, dialer, life } = this.#parts
    const connection = this.refusal === undefined ? relay.hold(() => this.#onWaiting()) : undefined
    if (!connection) return undefined
    this.#conversation = new Conversation(connection, (message) => {
      if (!this.#isLeaving || message[0] !== ERROR) relay.say(message)
    })
    const { names } = relay.names
    const late = this.#cancelWhen(signal)
    const state = await readState(this.#conversation, names, life).catch(() => undefined)
    await late.stop()
    const reason = this.#reasonAgainst(state)
    if (reason) this.refuse(reason)
    if (!state || reason) return undefined
    const { processId, address } = this.#key
    return { processId, address, startupPacket: dialer.startupPacket, state, names }
  }

  /** It goes on. */
  refuse(reason: ParkRefusal): void {
    this.#refused = { moves: this.#parts.relay.moves, reason, atMs: this.#nowMs() }
    this.#goOn()
  }

  /** False where the client has said something meanwhile: then it goes on. */
  accept({ state }: Subject, recipe: Recipe, role: RoleFacts): boolean {
    const { relay, dialer, context } = this.#parts
    const unnamed = relay.unnamed.body
    const { fingerprint, ...kept } = state
    if (relay.isWanted) {
      this.#goOn()
      return false
    }
    // A character takes two bytes at most.
    const bytes = OWN_BYTES + 2 * fingerprint.length + (unnamed?.length ?? 0) + dialer.startupPacket.length
    this.#room = context.parkedMemory.take(bytes)
    if (this.#room) this.#accepted = { state: kept, recipe, role, unnamed }
    else this.refuse('no_room')
    return this.#accepted !== undefined
  }

  /** When the session is over. */
  giveRoomBack(): void {
    this.#room?.[Symbol.dispose]()
    this.#room = undefined
  }

  /** Resolves once all that its backend had to say to it has been said, where it is parked. */
  async settle(outcome: 'parked' | 'released'): Promise<void> {
    const accepted = this.#accepted
    this.#gate?.opened.resolve()
    if (outcome === 'released' || !accepted) return this.#goOn()
    this.#isLeaving = true
    // Of what was committed before, a backend tells its client at the latest when it is asked for something.
    if (accepted.state.channels.length > 0)
      await this.#conversation?.ask(encodeSync(), this.#parts.life).catch(() => undefined)
    this.#isLeaving = false
    this.#accepted = undefined
    this.#conversation?.release()
    this.#conversation = undefined
    this.#parked = accepted
    this.#parts.onBackend(undefined)
    this.#parts.relay.detach()
    void this.#endWhenIdleForTooLong(accepted.state.idleTimeoutMs)
  }

  /** Gives it a backend again. The session ends where it cannot have one. */
  revive(): Promise<void> {
    const parked = this.#parked
    if (!parked) return Promise.resolve()
    if (!this.#reviving) {
      this.#offer = Promise.withResolvers<BackendAddress>()
      this.#reviving = this.#revive(parked).finally(() => {
        this.#reviving = undefined
        this.#gate = undefined
      })
    }
    return this.#reviving
  }

  /** The same of the compute at `address`, which nobody else can use yet. Once that resolves it hears what is notified; its client waits until `settle`. */
  async reviveAt(address: BackendAddress): Promise<void> {
    if (!this.#parked) return
    const reviving = this.revive()
    this.#gate ??= {
      back: Promise.withResolvers<void>(),
      opened: Promise.withResolvers<void>(),
      isBack: false,
    }
    this.#offer.resolve(address)
    await Promise.race([this.#gate.back.promise, reviving])
  }

  /** What is asked is answered, or cancelled, before anything else passes. */
  #cancelWhen(signal: AbortSignal): { readonly stop: () => Promise<void> } {
    let cancelling: Promise<void> | undefined
    const onAbort = () => {
      cancelling = cancelBackend(this.#key)
    }
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    return {
      stop: async () => {
        signal.removeEventListener('abort', onAbort)
        await cancelling
      },
    }
  }

  #nowMs(): number {
    return this.#parts.context.clock.monotonicMs()
  }

  #onWaiting(): void {
    if (this.#parked) void this.revive()
  }

  #goOn(): void {
    // What is parked stays so.
    if (!this.#parked) this.giveRoomBack()
    const rest = this.#conversation?.release()
    this.#conversation = undefined
    this.#accepted = undefined
    if (rest) this.#parts.relay.release(rest)
  }

  #reasonAgainst(state: BackendState | undefined): ParkRefusal | undefined {
    const { relay } = this.#parts
    if (!state) return 'state_unknown'
    const { cursors, locks, temporary } = state.holds
    if (cursors) return 'held_cursor'
    if (locks) return 'advisory_lock'
    if (temporary) return 'temporary_objects'
    if (!canPrepareAgain(state) || relay.unnamed.isUnknown) return 'prepared_statement'
    if (relay.names.isSeeded) return 'random_seed'
    return state.fingerprint.length > MOST_STATE ? 'too_much_state' : undefined
  }

  async #revive(parked: Parked): Promise<void> {
    const { context, dialer, life, relay } = this.#parts
    const { wakeTimeoutMs } = context.limits
    using deadline = startDeadline(context.clock, wakeTimeoutMs, tooLate(wakeTimeoutMs), life)
    try {
      await this.#connect(parked, deadline.signal)
    } catch (error) {
      await relay.terminate(farewell(error, dialer.session))
    }
  }

  async #connect(parked: Parked, signal: AbortSignal): Promise<void> {
    const { dialer, context, relay, onBackend } = this.#parts
    const check = (facts: RoleFacts | 'absent') =>
      checkRoleUnchanged(dialer.role, parked.role, facts, context.clock)
    for (let offer: DialOptions = { offered: this.#offer.promise, signal }; ; offer = { signal }) {
      const backend = await dial(dialer, { ...offer, check }, context)
      const { connection, key } = backend
      try {
        const { news, rest } = await restore(parked, backend, signal, () => this.#untilOthersAreBack(signal))
        this.#key = key
        this.#parked = undefined
        this.giveRoomBack()
        onBackend(key)
        return relay.attach({ connection, cancel: (given) => cancelBackend(key, given) }, news, rest)
      } catch (error) {
        connection.socket.destroy()
        // It went away before the client asked it for anything.
        if (!(error instanceof BackendGoneError)) throw error
      }
    }
  }

  async #untilOthersAreBack(signal: AbortSignal): Promise<void> {
    const gate = this.#gate
    if (!gate) return
    gate.isBack = true
    gate.back.resolve()
    await untilAborted(gate.opened.promise, signal)
  }

  /** What its backend would do (`idle_session_timeout`). */
  async #endWhenIdleForTooLong(ms: number): Promise<void> {
    const { context, relay, life } = this.#parts
    const { clock } = context
    if (ms === 0) return
    const { moves } = relay
    const leftMs = Math.max(0, ms - (clock.monotonicMs() - relay.lastBytesMs))
    await clock.sleep(leftMs, life).catch(() => {})
    if (!life.aborted && relay.moves === moves && this.stage === 'parked')
      await relay.terminate(fatal(new LakeletError('idle_session_timeout')))
  }
}
