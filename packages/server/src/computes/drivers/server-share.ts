// The share of its host that a server has: its group of processes, where there is one, and what it takes. Whatever is done to the group is done
// in order and is not waited for by whoever starts or stops a server: the kernel may take longer for it than a server for its start.
import { BYTES_PER_CU, type ClusterSettings, processUsage } from '../../postgres/index.ts'
import type { Cgroups, ProcessGroup } from '../../base/cgroups/cgroups.ts'
import { CPUS_PER_CU } from '../scaling/goal.ts'
import type { ServerUsage } from './driver.ts'

export class ServerShare implements AsyncDisposable {
  #group: ProcessGroup | undefined
  #last: Promise<void>

  constructor(cgroups: Cgroups | undefined, name: string) {
    this.#last = this.#open(cgroups, name)
  }

  /** Takes the postmaster in, and with it what it starts. */
  add(pid: number): void {
    this.#then((group) => group.add(pid))
  }

  /** Holds it to its size. */
  limit({ maxCu, cu = maxCu }: ClusterSettings): void {
    this.#then((group) => group.limit({ cpus: cu * CPUS_PER_CU, memoryBytes: cu * BYTES_PER_CU }))
  }

  lift(): void {
    this.#then((group) => group.limit(undefined))
  }

  /** Of the server with this postmaster. */
  async usage(postmaster: number): Promise<ServerUsage | undefined> {
    const [processes, memory] = await Promise.all([processUsage(postmaster), this.#group?.memory()])
    if (!processes) return undefined
    const { runnable, memoryBytes } = processes
    if (!memory) return { runnable, memoryBytes }
    // The group knows each page once.
    const { usedBytes, cachedBytes, workingSetBytes } = memory
    return { runnable, memoryBytes: usedBytes, cache: { cachedBytes, workingSetBytes } }
  }

  /** The server has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#then((group) => group.remove())
    await this.#last
  }

  async #open(cgroups: Cgroups | undefined, name: string): Promise<void> {
    this.#group = await cgroups?.open(name)
  }

  #then(work: (group: ProcessGroup) => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (this.#group) await work(this.#group)
    })
  }
}
