// COPY at a prompt: data that is typed or stands in a file of statements, and `\copy` with files of this machine.
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { once } from 'node:events'
import { Failure, usageFailure } from '../command/failure.ts'
import { type LineSource, reasonOf } from './line-source.ts'

/** The lines of `lines` up to `\.`, as data of COPY … FROM STDIN. Nothing is taken before the server asks. */
export class InlineData {
  readonly stream: Readable
  #taking: Promise<void> | undefined
  #goOn: (() => void) | undefined

  constructor(lines: LineSource, onStart: () => void) {
    this.stream = new Readable({
      read: () => {
        this.#goOn?.()
        if (this.#taking) return
        onStart()
        this.#taking = this.#take(lines)
      },
      destroy: (error, done) => {
        this.#goOn?.()
        done(error)
      },
    })
    // The server hears of it, and the statement fails with its words.
    this.stream.on('error', () => {})
  }

  /** When the data are read to their end, also where the server wanted no more: what follows are statements again. */
  async ended(): Promise<void> {
    await this.#taking
  }

  async #take(lines: LineSource): Promise<void> {
    for (;;) {
      const line = await lines.next('>> ')
      if (line.kind === 'interrupt') {
        this.stream.destroy(new Error('given up at the prompt'))
        return
      }
      if (line.kind === 'end' || line.text === '\\.') {
        this.stream.push(null)
        return
      }
      if (this.stream.destroyed || this.stream.push(`${line.text}\n`)) continue
      await new Promise<void>((resolve) => (this.#goOn = resolve))
    }
  }
}

/** `\copy` as a statement for the server, and what of this machine it reads or writes. */
export interface CopyCommand {
  readonly sql: string
  readonly direction: 'from' | 'to'
  /** `stdin`, `stdout`, or a file. */
  readonly place: { readonly file: string } | 'standard'
}

/** Reads `TABLE [(COLUMNS)] | (QUERY) from|to 'FILE'|stdin|stdout [OPTIONS]`. */
export function copyCommandOf(text: string): CopyCommand {
  const [, what, direction, place, options] =
    /^\s*((?:\((?:[^()']|'(?:[^']|'')*'|\((?:[^()']|'(?:[^']|'')*'|\([^()]*\))*\))*\))|[^\s(]+(?:\s*\([^)]*\))?)\s+(from|to)\s+('(?:[^']|'')*'|\S+)\s*([^]*)$/i.exec(
      text.replace(/;\s*$/, ''),
    ) ?? []
  if (what === undefined || direction === undefined || place === undefined)
    throw usageFailure(
      String.raw`\copy is written as: \copy TABLE from|to 'FILE' [OPTIONS], or \copy (QUERY) to 'FILE' [OPTIONS].`,
    )
  if (/^program$/i.test(place))
    throw usageFailure(
      String.raw`\copy reads and writes files, no programs.`,
      'A shell does: lakelet sql "COPY …" | program',
    )
  const isFrom = /^from$/i.test(direction)
  const isStandard = /^p?(stdin|stdout)$/i.test(place)
  return {
    sql: `COPY ${what} ${isFrom ? 'FROM STDIN' : 'TO STDOUT'} ${options ?? ''}`.trim(),
    direction: isFrom ? 'from' : 'to',
    place: isStandard ? 'standard' : { file: place.replace(/^'|'$/g, '').replaceAll("''", "'") },
  }
}

/** `file` as a person names it: below `cwd`, or with `~`. */
export function fileAt(file: string, cwd: string): string {
  return path.resolve(cwd, file.replace(/^~(?=\/|$)/, homedir()))
}

/** The content of a file; a Failure where it cannot be opened. */
export async function readFrom(file: string): Promise<Readable> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new Failure(`${file} cannot be read (${reasonOf(cause)}).`, { cause })
  })
  return handle.createReadStream()
}

/** Writes what it is given into a file, which is made or emptied. */
export class FileSink {
  readonly #stream
  readonly #file: string
  #error: unknown

  private constructor(file: string) {
    this.#file = file
    this.#stream = createWriteStream(file)
    this.#stream.on('error', (error) => (this.#error ??= error))
  }

  /** Opens the file; a Failure where it cannot be written. */
  static async open(file: string): Promise<FileSink> {
    const sink = new FileSink(file)
    await once(sink.#stream, 'open').catch(() => {})
    sink.#check()
    return sink
  }

  write(chunk: Uint8Array | string): void {
    if (this.#error === undefined) this.#stream.write(chunk)
  }

  /** A promise while it takes no more. */
  pressure(): Promise<unknown> | undefined {
    if (this.#error !== undefined || !this.#stream.writableNeedDrain) return undefined
    return once(this.#stream, 'drain').catch(() => {})
  }

  /** Ends the file; a Failure where not all of it could be written. */
  async end(): Promise<void> {
    this.#stream.end()
    await finished(this.#stream).catch(() => {})
    this.#check()
  }

  #check(): void {
    if (this.#error === undefined) return
    throw new Failure(`${this.#file} cannot be written (${reasonOf(this.#error)}).`, { cause: this.#error })
  }
}
