// What a client leaves in its session: its settings go with it to every backend, the rest keeps it on the one that has it.
import { LakeletError } from '../../base/errors.ts'
import type { Pool } from './pool.ts'
import { BackendLostError, type OwnAnswer, type PooledBackend } from './pooled-backend.ts'
import {
  dropHidden,
  type Inspected,
  inspection,
  type PinReason,
  readInspection,
  renewal,
  type SessionSettings,
} from './session-state.ts'
import type { Statement } from './statements.ts'
import type { TextFacts } from './text-facts.ts'

/** A function after which nothing was found so often is not looked after any more. */
const ENOUGH_LOOKS = 3
const MOST_CALLS_KNOWN = 5_000
const MOST_CUSTOM_SETTINGS = 200

export class Leavings {
  readonly #pool: Pool
  #settings: SessionSettings = new Map()
  readonly #custom = new Set<string>()
  #calls = new Set<string>()
  #mustLook = false
  #mayDrop = false
  #isOpaque = false
  #pinned: PinReason | undefined

  constructor(pool: Pool) {
    this.#pool = pool
  }

  get pinned(): PinReason | undefined {
    return this.#pinned
  }

  /** The transaction may have left something. */
  get mustLook(): boolean {
    return this.#mustLook
  }

  /** Something with these facts ran. */
  add({ mayLeave, mayFree, calls, customSettings, isOpaque, drops }: TextFacts): void {
    if (mayLeave || (mayFree && this.#pinned !== undefined)) this.#mustLook = true
    if (drops) this.#mayDrop = true
    if (isOpaque) this.#isOpaque = true
    for (const name of customSettings) if (this.#custom.size < MOST_CUSTOM_SETTINGS) this.#custom.add(name)
    for (const call of calls) {
      if ((this.#pool.cleanCalls.get(call) ?? 0) >= ENOUGH_LOOKS) continue
      this.#calls.add(call)
      this.#mustLook = true
    }
  }

  /** Takes away what another client left in a backend, and gives it the settings of this one. */
  async renew(backend: PooledBackend, applicationName: string): Promise<void> {
    const isNew = backend.owner === undefined
    if (isNew && applicationName === '' && this.#settings.size === 0) return
    const text = renewal(applicationName, this.#settings, backend.mayHide)
    let { failed, rows } = await backend.run(text)
    if (failed !== undefined) {
      // A statement_timeout of the last client may have been too short for it.
      await backend.run('RESET ALL')
      ;({ failed, rows } = await backend.run(text))
    }
    if (failed === undefined) return await this.#dropHidden(backend, rows)
    if (this.#settings.size === 0) throw new BackendLostError(`it could not be made new: ${failed}`)
    throw new LakeletError('pool_settings_lost', {
      names: [...this.#settings.keys()].join(', '),
      sqlState: failed,
    })
  }

  async #dropHidden(backend: PooledBackend, found: OwnAnswer['rows']): Promise<void> {
    const text = dropHidden(found)
    const failed = text === undefined ? undefined : (await backend.run(text)).failed
    if (failed !== undefined)
      throw new BackendLostError(`what was prepared in it could not be dropped: ${failed}`)
    backend.mayHide = false
  }

  /** Asks the backend; whether the client can do without it from now on. Throws `pool_pinned_out` where it cannot keep it either. */
  async look(backend: PooledBackend, client: ClientStatements): Promise<boolean> {
    const mayDrop = this.#mayDrop
    client.lostUnnamed()
    const answer = await backend.run(inspection(this.#custom, mayDrop))
    const found = answer.failed === undefined ? readInspection(answer.rows) : undefined
    this.#mustLook = false
    this.#mayDrop = false
    if (found && mayDrop) forgetDropped(backend, client, found.statements)
    this.#learnCalls(found)
    if (found && found.pin === undefined) backend.mayHide = false
    if (found) this.#settings = found.settings
    return this.#pin(found ? (found.pin ?? (this.#isOpaque ? 'setting' : undefined)) : 'unknown')
  }

  end(): void {
    if (this.#pinned !== undefined) this.#pool.unpin()
    this.#pinned = undefined
  }

  #pin(reason: PinReason | undefined): boolean {
    if (reason === undefined) {
      this.end()
      return true
    }
    if (this.#pinned === undefined && !this.#pool.pin())
      throw new LakeletError('pool_pinned_out', { reason: REASONS[reason], size: this.#pool.limit })
    this.#pinned = reason
    return false
  }

  #learnCalls(found: Inspected | undefined): void {
    const { cleanCalls } = this.#pool
    if (found && found.pin === undefined && sameSettings(found.settings, this.#settings))
      for (const call of this.#calls)
        if (cleanCalls.size < MOST_CALLS_KNOWN || cleanCalls.has(call))
          cleanCalls.set(call, (cleanCalls.get(call) ?? 0) + 1)
    this.#calls = new Set()
  }
}

/** What a client's statements are called. */
export interface ClientStatements {
  readonly statements: Map<string, Statement>
  /** The backend's unnamed statement is gone. */
  lostUnnamed(): void
}

/** DEALLOCATE ALL and DISCARD ALL take the statements of the protocol, too; with those of the backend go all that the client had prepared. */
function forgetDropped(
  backend: PooledBackend,
  { statements }: ClientStatements,
  left: ReadonlySet<string>,
): void {
  for (const name of backend.statements) if (!left.has(name)) backend.statements.delete(name)
  if (left.size === 0) statements.clear()
}

function sameSettings(one: SessionSettings, other: SessionSettings): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value)
}

const REASONS: Readonly<Record<PinReason, string>> = {
  temporary: 'temporary tables or other temporary objects',
  held_cursor: 'a cursor WITH HOLD',
  advisory_lock: 'an advisory lock of the session',
  listen: 'LISTEN',
  prepared: 'a statement of PREPARE',
  setting: 'a setting whose name cannot be known',
  authorization: 'SET SESSION AUTHORIZATION',
  unknown: 'something that cannot be asked for',
}
