// The groups of processes by which Linux shares out CPU and memory (cgroups(7)): one for the computes of the workspace or for its apps, and in it
// one for each that runs. Where this host, or whoever this process runs as, does not allow that, sizes are advice: `enforcement` says which and why.
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { createHash } from 'node:crypto'
import type { Logger } from '../log.ts'
import type { Controller, GroupLimits, GroupMemory } from './controller.ts'
import { findControllers } from './find-controllers.ts'

/** How a size takes effect on this host. */
export interface Enforcement {
  /** `enforced`: the kernel holds them to their size. `advisory`: a compute's settings of Postgres follow it, and nothing else. */
  readonly cpu: 'enforced' | 'advisory'
  /**
   * How limits hold that are not hard. `enforced`: a compute has its size and no more, and gives up its page cache first. `soft`: it has
   * more as long as nobody else needs it. No process is ended for either.
   */
  readonly memory: 'enforced' | 'soft' | 'advisory'
  /** Why not all of it is enforced. */
  readonly why?: string
}

export class Cgroups implements AsyncDisposable {
  readonly enforcement: Enforcement
  readonly #controllers: readonly Controller[]
  readonly #log: Logger

  constructor(controllers: readonly Controller[], enforcement: Enforcement, log: Logger) {
    this.#controllers = controllers
    this.enforcement = enforcement
    this.#log = log
  }

  /** The group of a compute or an app, made if it is not there; undefined where that fails: none fails for its size. */
  async open(name: string): Promise<ProcessGroup | undefined> {
    try {
      const places = await Promise.all(
        this.#controllers.map(async (controller) => {
          const directory = path.join(controller.directory, name)
          await mkdir(directory, { recursive: true })
          return { controller, directory }
        }),
      )
      return new ProcessGroup(places, this.#log)
    } catch (error) {
      this.#log.warn({ err: error, group: name }, 'there is no group of processes, so a size is advice')
      return undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { directory } of this.#controllers) await removeGroup(directory)
  }
}

interface Place {
  readonly controller: Controller
  readonly directory: string
}

export class ProcessGroup {
  readonly #places: readonly Place[]
  readonly #log: Logger

  constructor(places: readonly Place[], log: Logger) {
    this.#places = places
    this.#log = log
  }

  /** Takes a process in; what it starts from then on is in the group too. One that has ended meanwhile needs no group. */
  async add(pid: number): Promise<void> {
    await this.#each(({ controller, directory }) =>
      controller.add(directory, pid).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }),
    )
  }

  /** Undefined lifts the limits. */
  async limit(limits: GroupLimits | undefined): Promise<void> {
    await this.#each(({ controller, directory }) => controller.limit(directory, limits))
  }

  /** Undefined where no controller of memory is there. */
  async memory(): Promise<GroupMemory | undefined> {
    for (const { controller, directory } of this.#places) {
      const memory = await controller.usage?.(directory).catch(() => undefined)
      if (memory) return memory
    }
    return undefined
  }

  /** Whether the kernel has ended a process of it for want of memory. */
  async wasShortOfMemory(): Promise<boolean> {
    for (const { controller, directory } of this.#places)
      if (((await controller.kills?.(directory).catch(() => 0)) ?? 0) > 0) return true
    return false
  }

  /** Its processes have ended. */
  async remove(): Promise<void> {
    await Promise.all(this.#places.map(({ directory }) => rmdir(directory).catch(() => undefined)))
  }

  async #each(work: (place: Place) => Promise<void>): Promise<void> {
    await Promise.all(
      this.#places.map((place) =>
        work(place).catch((error: unknown) => {
          this.#log.warn(
            { err: error, group: place.directory },
            'a limit of a group of processes could not be set',
          )
        }),
      ),
    )
  }
}

/** Finds what this host allows by trying it. `dataDir` names the workspace, `kind` what of it is in the groups. */
export async function openCgroups(options: {
  readonly dataDir: string
  readonly kind?: 'apps'
  readonly log: Logger
}): Promise<Cgroups> {
  const workspace = createHash('sha256').update(options.dataDir).digest('hex').slice(0, 12)
  const name = ['lakelet', workspace, ...(options.kind ? [options.kind] : [])].join('-')
  const { controllers, why } = await findControllers(name)
  // Of a run that was killed.
  for (const { directory } of controllers) await removeChildren(directory)
  const enforcement: Enforcement = {
    cpu: controllers.some(({ cpu }) => cpu) ? 'enforced' : 'advisory',
    memory: controllers.find(({ memory }) => memory !== undefined)?.memory ?? 'advisory',
    ...(why === undefined ? {} : { why }),
  }
  return new Cgroups(controllers, enforcement, options.log)
}

async function removeGroup(directory: string): Promise<void> {
  await removeChildren(directory)
  await rmdir(directory).catch(() => undefined)
}

/** Groups with processes in them stay: the kernel refuses. */
async function removeChildren(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const groups = entries.filter((entry) => entry.isDirectory())
  await Promise.all(groups.map(({ name }) => rmdir(path.join(directory, name)).catch(() => undefined)))
}
