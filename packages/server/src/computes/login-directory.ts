// Who may log in to an endpoint: what the catalog says while its compute is awake, and while it sleeps what was noted on disk when it
// went to sleep. A server that went away while it was asked, with its compute or for a moment after a crash, is asked again.
import type { Clock } from '../base/clock.ts'
import { startDeadline } from '../base/deadline.ts'
import type { Logger } from '../base/log.ts'
import { untilAborted } from '../base/until-aborted.ts'
import { isConnectionLost, type LoginRole } from '../postgres/index.ts'
import { unreachable, WAKE_MS } from './limits.ts'
import type { RunningServer } from './drivers/driver.ts'
import type { ComputeState } from './machine.ts'

/** Longest that somebody who wants to log in waits for what is known without waking anybody. */
const KNOWN_MS = 5_000

export type LoginRoles = ReadonlyMap<string, LoginRole>

/** Where roles are noted while a server sleeps, by its data directory. */
export interface LoginNotes {
  /** Notes the roles of a server that was just shut down. */
  write(dataDirectory: string, roles: readonly LoginRole[]): Promise<void>
  /** The noted roles, or undefined where nothing is noted that still holds. */
  read(dataDirectory: string): Promise<LoginRoles | undefined>
}

/** The compute, as its directory sees it. */
export interface DirectorySource {
  state(): ComputeState
  /** The server, until its end is noted. */
  server(): RunningServer | undefined
  /** Resolves when the compute neither starts nor stops. */
  settled(): Promise<void>
  wake(signal: AbortSignal): Promise<unknown>
  dataDirectory(): Promise<string | undefined>
}

export interface LoginDirectoryOptions {
  readonly source: DirectorySource
  readonly notes: LoginNotes
  readonly clock: Clock
  readonly log: Logger
}

export class LoginDirectory {
  readonly #options: LoginDirectoryOptions
  #noted: LoginRoles | undefined

  constructor(options: LoginDirectoryOptions) {
    this.#options = options
  }

  /**
   * What is known without waking the compute or keeping it awake: whoever asks has not authenticated. Undefined when it sleeps and
   * nothing is noted (after a crash). Throws `compute_unreachable` when it does not answer in time.
   */
  async known(name: string): Promise<LoginRole | 'absent' | undefined> {
    const { source, clock } = this.#options
    using deadline = startDeadline(clock, KNOWN_MS, unreachable(KNOWN_MS))
    for (;;) {
      deadline.signal.throwIfAborted()
      if (isMoving(source.state())) await source.settled()
      if (source.state() === 'active') {
        const role = await this.#lookUp(name, deadline.signal)
        if (role !== undefined) return role
      } else {
        this.#noted ??= await this.#read()
        return this.#noted && (this.#noted.get(name) ?? 'absent')
      }
    }
  }

  /** The same from the catalog of the compute, which is woken. */
  async read(name: string, signal?: AbortSignal): Promise<LoginRole | 'absent'> {
    const { source, clock } = this.#options
    using deadline = startDeadline(clock, WAKE_MS, unreachable(WAKE_MS), signal)
    for (;;) {
      await source.wake(deadline.signal)
      const role = await this.#lookUp(name, deadline.signal)
      if (role !== undefined) return role
    }
  }

  /** Called when a server starts: from now on only its catalog is right. */
  forget(): void {
    this.#noted = undefined
  }

  /** Notes what the catalog said last, of a server that was shut down in order. */
  async note(dataDirectory: string, roles: readonly LoginRole[]): Promise<void> {
    const { notes, log } = this.#options
    try {
      await notes.write(dataDirectory, roles)
      this.#noted = new Map(roles.map((role) => [role.name, role]))
    } catch (error) {
      log.warn({ err: error }, 'the roles of the suspended compute could not be noted')
    }
  }

  /** The role in the catalog; undefined when the server went away, after it has either recovered or ended. */
  async #lookUp(name: string, signal: AbortSignal): Promise<LoginRole | 'absent' | undefined> {
    const server = this.#options.source.server()
    if (!server || server.isOver) {
      if (server) await untilAborted(server.exited, signal)
      return undefined
    }
    try {
      return (await server.catalog.findLoginRole(name)) ?? 'absent'
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      this.#options.log.debug({ err: error }, 'the connection to the catalog was lost')
      await server.ready(signal)
      return undefined
    }
  }

  async #read(): Promise<LoginRoles | undefined> {
    const { source, notes } = this.#options
    const dataDirectory = await source.dataDirectory()
    const roles = dataDirectory === undefined ? undefined : await notes.read(dataDirectory)
    // It may have been started in the meantime.
    return source.state() === 'idle' ? roles : undefined
  }
}

function isMoving(state: ComputeState): boolean {
  return state === 'starting' || state === 'stopping'
}
