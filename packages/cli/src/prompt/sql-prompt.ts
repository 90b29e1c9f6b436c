// The prompt of `lakelet sql`: statements over several lines and commands, from a person or from a file.
import { finishedStatements } from '@lakelet/api/sql'
import { DatabaseError } from 'pg'
import type { Readable } from 'node:stream'
import type { SqlSession } from '../postgres/sql-session.ts'
import { AlignedReader } from './aligned-reader.ts'
import type { Expanded } from './aligned-table.ts'
import { type Prompt, runCommand } from './commands.ts'
import type { Names } from './complete.ts'
import { type CopyCommand, FileSink, InlineData, fileAt, readFrom } from './copy-data.ts'
import { type LastingSession, errorText } from './lasting-session.ts'
import { type LineSource, openFileLines } from './line-source.ts'

export interface SqlPromptOptions {
  readonly session: LastingSession
  readonly names: Names
  readonly write: (text: string | Uint8Array) => void
  readonly pressure: () => Promise<unknown> | undefined
  /** Columns of the terminal, as wide as it is now. */
  readonly width: () => number
  /** Gives the terminal to another program for a while. */
  readonly lend: <T>(work: () => Promise<T>) => Promise<T>
  readonly whereabouts: () => string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export class SqlPrompt implements Prompt {
  expanded: Expanded = 'auto'
  isTimed = false
  /** What was typed of a statement that has not ended. */
  buffer = ''
  /** The statement that ran last. */
  former = ''
  readonly #options: SqlPromptOptions
  #isLeft = false
  /** Counts what Ctrl-C gave up, so that what was to follow does not run. */
  #interrupts = 0
  /** Where lines come from; files within files. */
  readonly #sources: LineSource[] = []

  constructor(options: SqlPromptOptions) {
    this.#options = options
  }

  get env(): SqlPromptOptions['env'] {
    return this.#options.env
  }

  get look(): { readonly expanded: Expanded; readonly width: number } {
    return { expanded: this.expanded, width: this.#options.width() }
  }

  write(text: string | Uint8Array): void {
    this.#options.write(text)
  }

  session(): Promise<SqlSession> {
    return this.#options.session.current()
  }

  whereabouts(): string {
    return this.#options.whereabouts()
  }

  lend<T>(work: () => Promise<T>): Promise<T> {
    return this.#options.lend(work)
  }

  leave(): void {
    this.#isLeft = true
  }

  reset(): void {
    this.buffer = ''
  }

  /** Ctrl-C while something runs. */
  interrupt(): void {
    this.#interrupts += 1
    void this.#options.session.cancel()
  }

  /** Reads lines and runs what they say, to their end or until the prompt is left. */
  async consume(source: LineSource): Promise<void> {
    this.#sources.push(source)
    const before = this.#interrupts
    try {
      while (!this.#isLeft && (source.isTyped || this.#interrupts === before)) {
        const line = await source.next(await this.#prompt())
        if (line.kind === 'end') {
          if (source.isTyped) this.write('\n')
          break
        }
        if (line.kind === 'interrupt') this.reset()
        else await this.#line(line.text)
      }
      // The last statement of a file may lack its semicolon.
      if (!source.isTyped && this.#interrupts === before) await this.runBuffer(false)
    } finally {
      this.#sources.pop()
    }
  }

  /** Takes text as if it had been typed. */
  async take(text: string): Promise<void> {
    this.reset()
    await this.#statements(text.endsWith('\n') ? text : `${text}\n`)
    if (finishedStatements(this.buffer).inside === '-') await this.runBuffer(false)
  }

  /** Runs what there is of a statement, also without a semicolon. */
  async runBuffer(isExpanded: boolean): Promise<void> {
    const text = finishedStatements(this.buffer).inside === '=' ? '' : this.buffer
    this.reset()
    if (text === '' && this.former === '') return
    if (text === '' && !(this.#sources.at(-1)?.isTyped ?? true)) return
    const { expanded } = this
    if (isExpanded) this.expanded = 'on'
    await this.#run(text === '' ? this.former : text)
    this.expanded = expanded
  }

  /** Runs the lines of a file. */
  async include(file: string): Promise<void> {
    if (this.#sources.length > 50) throw new Error('Files include each other without an end.')
    await using lines = await openFileLines(fileAt(file, this.#options.cwd), file)
    const outer = this.buffer
    this.reset()
    await this.consume(lines)
    this.buffer = outer
  }

  /** Connects to `database`; without a name says where it is. */
  async connect(database: string): Promise<void> {
    if (database !== '') {
      await this.#options.session.change(database)
      this.#options.names.forget()
    }
    this.write(`${this.whereabouts()}\n`)
  }

  /** `\copy` with a file, or with the lines that follow. */
  async copy({ sql, direction, place }: CopyCommand): Promise<void> {
    if (place === 'standard') return this.#run(sql)
    const file = fileAt(place.file, this.#options.cwd)
    if (direction === 'from') return this.#run(sql, { input: await readFrom(file) })
    const sink = await FileSink.open(file)
    await this.#run(sql, { sink })
    await sink.end()
  }

  async #prompt(): Promise<string> {
    const { session } = this.#options
    const { inside } = finishedStatements(this.buffer)
    const state = { I: '', T: '*', E: '!', lost: '' }[await session.transaction()]
    // As psql's: what is being typed, then the transaction.
    const mark = inside === '=' ? '=' : inside
    return `${session.database}${mark}${state}> `
  }

  async #line(text: string): Promise<void> {
    const { inside } = finishedStatements(this.buffer)
    const isOutside = inside === '=' || inside === '-' || inside === '('
    const trimmed = text.trim()
    if (this.buffer === '' && /^(exit|quit);?$/i.test(trimmed)) this.leave()
    else if (this.buffer === '' && /^help;?$/i.test(trimmed)) await this.#command('\\?')
    else if (isOutside && trimmed.startsWith('\\')) await this.#command(trimmed)
    else await this.#statements(`${text}\n`)
  }

  async #statements(text: string): Promise<void> {
    const before = this.#interrupts
    const [, body = text, go] = /^([^]*?)\\(gx?)\s*$/.exec(text) ?? []
    const isGo =
      go !== undefined && !["'", '"', '$', '*'].includes(finishedStatements(this.buffer + body).inside)
    const { statements, rest, inside } = finishedStatements(this.buffer + (isGo ? body : text))
    this.buffer = ''
    for (const statement of statements) {
      await this.#run(statement.text)
      if (this.#interrupts !== before) return
    }
    if (rest.trimStart().startsWith('\\')) return this.#command(rest.trim())
    this.buffer = inside === '=' ? '' : rest.trimStart()
    if (isGo) await this.runBuffer(go === 'gx')
  }

  async #command(text: string): Promise<void> {
    try {
      await runCommand(this, text)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Runs one statement and shows what it gives; what fails is shown, too. */
  async #run(sql: string, copy: { readonly input?: Readable; readonly sink?: FileSink } = {}): Promise<void> {
    const { write, pressure, names } = this.#options
    const source = this.#sources.at(-1)
    const inline =
      copy.input || !source ? undefined : new InlineData(source, () => source.isTyped && write(COPY_HELP))
    const reader = new AlignedReader({
      ...this.look,
      write: (text) => (copy.sink && typeof text !== 'string' ? copy.sink.write(text) : write(text)),
      pressure: () => copy.sink?.pressure() ?? pressure(),
    })
    this.former = sql
    try {
      const session = await this.session()
      const began = performance.now()
      try {
        await session.run(sql, reader, copy.input ?? inline?.stream)
      } finally {
        await inline?.ended()
        copy.input?.destroy()
        reader.flush()
      }
      if (this.isTimed) write(`Time: ${(performance.now() - began).toFixed(3)} ms\n`)
    } catch (error) {
      this.#fail(error)
    }
    names.changed(reader.tag)
  }

  #fail(error: unknown): void {
    const place = this.#sources.at(-1)?.place
    // Without a code the connection broke, which says itself that it is gone.
    const isLost =
      !(error instanceof Error) || (this.#options.session.isLost && !(error.cause instanceof DatabaseError))
    const text = isLost
      ? 'The statement was cut off; whether it took effect is not known.\n'
      : errorText(error)
    this.write(place === undefined ? text : `${place}: ${text}`)
  }
}

const COPY_HELP = String.raw`Type the data, a row a line. End with a backslash and a point on a line of their own, or with Ctrl-D.
`
