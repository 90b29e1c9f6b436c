// Who writes to an archive: one data directory at a time. Each start claims the next number; who finds a higher one than its own stops for good. The
// same data directory may go on by itself, any other copy of the workspace only when a person says so.
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { writeFileAtomic } from '../base/files.ts'
import { LakeletError } from '../base/errors.ts'
import { writerName, WRITERS } from './names.ts'
import { writerRecord } from './records.ts'
import type { Vault } from './vault.ts'

/** What tells a data directory from its copies: a note in it, and which file that is. */
export async function instanceOf(noteFile: string): Promise<string> {
  const known = await readFile(noteFile, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  })
  if (known === undefined) {
    await writeFileAtomic(noteFile, randomBytes(16).toString('hex'))
    return instanceOf(noteFile)
  }
  const { ino } = await stat(noteFile)
  return `${known.trim()}-${ino}`
}

export class WriterClaim {
  readonly #vault: Vault
  readonly #number: number

  private constructor(vault: Vault, number: number) {
    this.#vault = vault
    this.#number = number
  }

  /** LakeletError `object_archive_foreign` where another data directory writes there, unless `takeOver`. */
  static async make(
    vault: Vault,
    {
      instance,
      takeOver,
      now,
    }: { readonly instance: string; readonly takeOver: boolean; readonly now: Date },
  ): Promise<WriterClaim> {
    const last = await lastWriter(vault)
    if (last !== undefined) {
      const holder = await vault.getRecord(writerName(last), writerRecord)
      if (holder.instance !== instance && !takeOver)
        throw new LakeletError('object_archive_foreign', {
          url: vault.store.url,
          reason: `another copy of this workspace, on ${holder.host}, writes there since ${holder.time}; where that one is gone for good, say \`lakelet archive take-over\``,
        })
    }
    const number = (last ?? 0) + 1
    const record = {
      instance,
      host: hostname(),
      time: now.toISOString(),
      run: randomBytes(8).toString('hex'),
    }
    if (await vault.claim(writerName(number), record)) return new WriterClaim(vault, number)
    // Somebody else was quicker.
    return WriterClaim.make(vault, { instance, takeOver: false, now })
  }

  /** LakeletError `object_archive_foreign` where somebody claimed the archive since. */
  async check(): Promise<void> {
    const last = await lastWriter(this.#vault, writerName(this.#number))
    if (last === undefined) return
    const holder = await this.#vault.getRecord(writerName(last), writerRecord)
    throw new LakeletError('object_archive_foreign', {
      url: this.#vault.store.url,
      reason: `another start of this workspace, on ${holder.host}, writes there since ${holder.time}; this one does not any more`,
    })
  }
}

async function lastWriter(vault: Vault, after?: string): Promise<number | undefined> {
  let last: number | undefined
  for await (const { name } of vault.store.list(WRITERS, after)) last = Number(name.slice(WRITERS.length))
  return last
}
