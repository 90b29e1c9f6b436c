// Reading a whole archive back: each object must be what was written, and the log of each branch must lead on from its first base to its end.
import { isLakeletError } from '../base/errors.ts'
import { type Line, linesIn } from './lines.ts'
import { baseName, CHUNKS, SNAPSHOTS } from './names.ts'
import { basesOf, logOf, readState, statesIn } from './read-archive.ts'
import { baseRecord, chunksOf, snapshotRecord, type StateRecord, tailRecord, type Tree } from './records.ts'
import type { Vault } from './vault.ts'

export interface VerifyReport {
  readonly workspace_id: string
  readonly states: number
  readonly branches: number
  readonly segments: number
  readonly bases: number
  readonly chunks: number
  readonly bytes: number
  /** Sentences; none where all is well. */
  readonly problems: readonly string[]
}

interface VerifyOptions {
  readonly onProgress?: (message: string) => void
  readonly signal?: AbortSignal
}

/** What is wrong with objects is in the report; only what keeps it from being read is thrown. */
export async function verifyArchive(vault: Vault, options: VerifyOptions = {}): Promise<VerifyReport> {
  return new Verification(vault, options).run()
}

class Verification {
  readonly #vault: Vault
  readonly #options: VerifyOptions
  readonly #problems: string[] = []
  /** Chunks that something names and that were not seen yet. */
  readonly #used = new Set<string>()

  constructor(vault: Vault, options: VerifyOptions) {
    this.#vault = vault
    this.#options = options
  }

  async run(): Promise<VerifyReport> {
    const vault = this.#vault
    const { states, current } = await this.#states()
    const lines = await linesIn(vault)
    const counts = { segments: 0, bases: 0 }
    for (const line of lines.values()) {
      counts.segments += line.log.size
      counts.bases += line.bases.size
      await this.#line(line)
    }
    for (const branch of current?.branches ?? []) await this.#chain(branch, lines.get(branch.line))
    for await (const { name } of vault.store.list(SNAPSHOTS))
      this.#use((await this.#check(() => vault.getRecord(name, snapshotRecord)))?.tree)
    const chunks = await this.#chunks()
    for (const chunk of this.#used) this.#problems.push(`The chunk ${chunk} is missing.`)
    return {
      workspace_id: vault.workspaceId,
      states,
      branches: current?.branches.length ?? 0,
      ...counts,
      chunks: chunks.count,
      bytes: chunks.bytes,
      problems: this.#problems,
    }
  }

  async #states(): Promise<{ readonly states: number; readonly current: StateRecord | undefined }> {
    this.#say('states')
    const states = await statesIn(this.#vault)
    let current: StateRecord | undefined
    for (const each of states) {
      const state = await this.#check(() => readState(this.#vault, each))
      this.#use(state?.tree)
      current = state ?? current
    }
    return { states: states.length, current }
  }

  /** What a line consists of. */
  async #line({ id, log, bases, tails }: Line): Promise<void> {
    const vault = this.#vault
    for (const chunk of log.values()) this.#used.add(chunk)
    for (const base of bases)
      this.#use((await this.#check(() => vault.getRecord(baseName(id, base), baseRecord)))?.tree)
    for (const name of tails) {
      const tail = await this.#check(() => vault.getRecord(name, tailRecord))
      for (const { chunk } of tail?.segments ?? []) this.#used.add(chunk)
    }
  }

  /** Whether the log of a branch leads on from its first base. */
  async #chain(branch: StateRecord['branches'][number], line: Line | undefined): Promise<void> {
    const { name, timeline } = branch
    this.#say(name)
    const [first] = line ? ((await this.#check(() => basesOf(this.#vault, line))) ?? []) : []
    if (!line || !first) {
      this.#problems.push(`${name} has no base that can be read.`)
      return
    }
    const from = { first: first.record.firstSegment, timeline }
    const found = await this.#check(() => logOf(this.#vault, line, from))
    if (found?.gap !== undefined)
      this.#problems.push(`${name}: log is missing after the segment ${found.gap}.`)
  }

  async #chunks(): Promise<{ readonly count: number; readonly bytes: number }> {
    let [count, bytes] = [0, 0]
    for await (const { name, bytes: size } of this.#vault.store.list(CHUNKS)) {
      const chunk = name.slice(-64)
      if (count % 100 === 0) this.#say(`chunk ${count}`)
      await this.#check(() => this.#vault.getChunk(chunk))
      this.#used.delete(chunk)
      count += 1
      bytes += size
    }
    return { count, bytes }
  }

  #use(tree: Tree | undefined): void {
    for (const chunk of chunksOf(tree ?? [])) this.#used.add(chunk)
  }

  async #check<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.#options.signal?.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!isLakeletError(error, 'object_archive_damaged')) throw error
      this.#problems.push(error.message)
      return undefined
    }
  }

  #say(message: string): void {
    this.#options.onProgress?.(message)
  }
}
