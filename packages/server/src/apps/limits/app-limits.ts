// How apps are held to their size: CPU and memory by control groups where they are ours to make; memory of each process, the number of processes and
// the size of a file by resource limits (getrlimit(2)), which need no rights; disk by looking.
import { release } from 'node:os'
import type { AppLimits as LimitsView } from '@lakelet/api'
import { type Cgroups, openCgroups, type ProcessGroup } from '../../base/cgroups/cgroups.ts'
import type { Logger } from '../../base/log.ts'
import type { AppRow } from '../../metadata/apps.ts'
import { systemProgram } from '../sandbox/system-program.ts'
import { APP_SIZES, type AppSize, type AppSizes } from './sizes.ts'

/** What one run or build is held to. */
export interface RunLimits extends AsyncDisposable {
  /** Words that stand before its command, in the sandbox where there is one. */
  readonly words: readonly string[]
  readonly group: ProcessGroup | undefined
}

/** What it runs in, as far as that decides what can be limited. */
export interface Surroundings {
  readonly isOwnUser: boolean
  readonly isSandboxed: boolean
}

export interface AppLimitsOptions {
  readonly dataDir: string
  readonly log: Logger
  readonly limits: 'auto' | 'off'
  readonly sizes?: AppSizes
}

/** Looks what this host allows. */
export async function openAppLimits(options: AppLimitsOptions): Promise<AppLimits> {
  const { dataDir, log, limits, sizes = APP_SIZES } = options
  if (limits === 'off') return new AppLimits(sizes, undefined, 'they are switched off (apps.limits)')
  const cgroups = await openCgroups({ dataDir, log, kind: 'apps' })
  return new AppLimits(sizes, cgroups, undefined)
}

export class AppLimits implements AsyncDisposable {
  readonly #sizes: AppSizes
  readonly #cgroups: Cgroups | undefined
  readonly #why: string | undefined
  readonly #prlimit: string | undefined
  #runs = 0

  /** @param why - Why nothing is limited; undefined where something is. */
  constructor(sizes: AppSizes, cgroups: Cgroups | undefined, why: string | undefined) {
    this.#sizes = sizes
    this.#cgroups = cgroups
    this.#why = why
    this.#prlimit = process.platform === 'linux' && why === undefined ? systemProgram('prlimit') : undefined
  }

  sizeOf(row: Pick<AppRow, 'compute_size'>): AppSize {
    return this.#sizes[row.compute_size]
  }

  /** Limits of a new run or build of the app; undefined where they are switched off. */
  async of(row: Pick<AppRow, 'name' | 'compute_size'>, inside: Surroundings): Promise<RunLimits | undefined> {
    if (this.#why !== undefined) return undefined
    const size = this.sizeOf(row)
    this.#runs += 1
    const group = await this.#cgroups?.open(`${row.name}.${this.#runs}`)
    await group?.limit({ cpus: size.cpus, memoryBytes: size.memoryBytes, isHard: true })
    return {
      group,
      words: this.#words(size, inside),
      async [Symbol.asyncDispose]() {
        await group?.remove()
      },
    }
  }

  /** What an app of that size has, and what holds it to that here. */
  view(size: AppRow['compute_size'], inside: Surroundings): LimitsView {
    const { cpus, memoryBytes, processes, diskBytes } = this.#sizes[size]
    const why = this.#why ?? this.#cgroups?.enforcement.why
    return {
      size,
      cpu: { limit: cpus, held: this.#cgroups?.enforcement.cpu === 'enforced' ? 'enforced' : 'advisory' },
      memory: { limit: memoryBytes, held: this.#memory },
      processes: { limit: processes, held: this.#canCount(inside) ? 'enforced' : 'advisory' },
      disk: { limit: diskBytes, held: this.#why === undefined ? 'watched' : 'advisory' },
      ...(why === undefined ? {} : { why }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cgroups?.[Symbol.asyncDispose]()
  }

  get #memory(): LimitsView['memory']['held'] {
    if (this.#cgroups && this.#cgroups.enforcement.memory !== 'advisory') return 'enforced'
    return this.#prlimit === undefined ? 'advisory' : 'each_process'
  }

  #words(size: AppSize, inside: Surroundings): string[] {
    if (this.#prlimit === undefined) return []
    const words = [`--fsize=${size.diskBytes}`]
    if (this.#canCount(inside)) words.push(`--nproc=${size.processes}`)
    if (this.#memory === 'each_process') words.push(`--data=${size.memoryBytes}`)
    return [this.#prlimit, ...words, '--']
  }

  /** Processes are counted by user, and since Linux 5.14 by user within a user namespace. */
  #canCount({ isOwnUser, isSandboxed }: Surroundings): boolean {
    return this.#prlimit !== undefined && (isOwnUser || (isSandboxed && isKernelFrom(5, 14)))
  }
}

function isKernelFrom(major: number, minor: number): boolean {
  const [first = 0, second = 0] = release().split('.').map(Number)
  return first > major || (first === major && second >= minor)
}
