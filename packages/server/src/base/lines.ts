// Lines of what other programs write: apps, builds, Postgres. They may write anything, so a line is capped while it is read: memory
// is bounded by the cap, work is linear in the bytes, and what comes out is a copy that keeps no chunk alive.
import type { Readable } from 'node:stream'

/** Bytes of one line that are kept; the rest is dropped, and the line says how much. */
export const MAX_LINE_BYTES = 16 * 1024

const FIRST_ROOM = 256
const LINE_FEED = 0x0a
const RETURN = 0x0d

export interface LineOptions {
  /** Bytes of a line that are kept; {@link MAX_LINE_BYTES} when left out. */
  readonly maxBytes?: number
  /** Whether a carriage return alone ends a line, as terminals and progress bars mean it. Not where text may forge lines. */
  readonly returnEndsLine?: boolean
  /** Whether control characters but the tab are written as `\x1b`; true when left out. */
  readonly escapesControls?: boolean
}

/** Cuts bytes into lines, whatever the chunks; `onLine` gets each without its line end. */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  readonly #options: LineOptions
  readonly #maxBytes: number
  #kept = Buffer.allocUnsafeSlow(FIRST_ROOM)
  #used = 0
  #dropped = 0
  #endsInReturn = false
  #skipsLineFeed = false

  constructor(onLine: (line: string) => void, options: LineOptions = {}) {
    this.#onLine = onLine
    this.#options = options
    this.#maxBytes = options.maxBytes ?? MAX_LINE_BYTES
  }

  write(chunk: Buffer): void {
    const { returnEndsLine = false } = this.#options
    let start = 0
    // Each is looked for again only once it was passed, so that a chunk is scanned twice at most.
    let feed = indexFrom(chunk, LINE_FEED, 0)
    let carriage = returnEndsLine ? indexFrom(chunk, RETURN, 0) : chunk.length
    while (start < chunk.length) {
      const end = Math.min(feed, carriage)
      if (end > start) this.#skipsLineFeed = false
      this.#keep(chunk, start, end)
      if (end === chunk.length) return
      if (end === carriage) this.#endLine(true)
      else if (this.#skipsLineFeed) this.#skipsLineFeed = false
      else this.#endLine(false)
      start = end + 1
      if (end === feed) feed = indexFrom(chunk, LINE_FEED, start)
      else carriage = indexFrom(chunk, RETURN, start)
    }
  }

  /** The stream is over: what came after the last line end is a line too. */
  end(): void {
    this.#endsInReturn = false
    if (this.#used > 0 || this.#dropped > 0) this.#endLine(false)
  }

  /** What has come of the line that is not over yet. */
  get partial(): string {
    return this.#text()
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    if (end === start) return
    this.#endsInReturn = chunk[end - 1] === RETURN
    const kept = Math.min(end - start, this.#maxBytes - this.#used)
    this.#makeRoom(this.#used + kept)
    chunk.copy(this.#kept, this.#used, start, start + kept)
    this.#used += kept
    this.#dropped += end - start - kept
  }

  #makeRoom(wanted: number): void {
    if (wanted <= this.#kept.length) return
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, Math.max(wanted, 2 * this.#kept.length)))
    this.#kept.copy(larger, 0, 0, this.#used)
    this.#kept = larger
  }

  #endLine(isReturn: boolean): void {
    // CR LF is one line end; its CR may have been the first byte that was too much.
    if (this.#endsInReturn && !isReturn) {
      if (this.#dropped > 0) this.#dropped -= 1
      else this.#used -= 1
    }
    const line = this.#text()
    this.#used = 0
    this.#dropped = 0
    this.#endsInReturn = false
    this.#skipsLineFeed = isReturn
    this.#onLine(line)
  }

  #text(): string {
    const whole = this.#dropped > 0 ? wholeCharacters(this.#kept, this.#used) : this.#used
    const text = this.#kept.toString('utf8', 0, whole)
    const shown = (this.#options.escapesControls ?? true) ? escapeControls(text) : text
    const dropped = this.#dropped + this.#used - whole
    return dropped > 0 ? `${shown} […${dropped} more bytes of this line were dropped]` : shown
  }
}

/** Hands each line of `stream` to `onLine`; resolves when the stream is over. A stream that breaks is over, too. */
export function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  options?: LineOptions,
): Promise<void> {
  const lines = new LineSplitter(onLine, options)
  return new Promise((resolve) => {
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      lines.end()
      resolve()
    }
    stream.on('data', (chunk: Buffer) => {
      lines.write(chunk)
    })
    stream.once('end', end).once('close', end).on('error', end)
  })
}

/** The lines of `chunks`, read no faster than they are taken. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  options?: LineOptions,
): AsyncGenerator<string, void, undefined> {
  let ready: string[] = []
  const lines = new LineSplitter((line) => ready.push(line), options)
  for await (const chunk of chunks) {
    lines.write(chunk)
    const taken = ready
    ready = []
    yield* taken
  }
  lines.end()
  yield* ready
}

/** `text` without control characters but the tab: each is written as `\x1b`, so that it can neither forge a line nor steer a terminal. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0)
    return code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`
  })
}

/** C0 without the tab, DEL, C1, and the two separators that JavaScript and some readers take for line ends. */
// oxlint-disable-next-line no-control-regex -- they are what it is about
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g

function indexFrom(chunk: Buffer, byte: number, start: number): number {
  const at = chunk.indexOf(byte, start)
  return at === -1 ? chunk.length : at
}

/** How many of the first `length` bytes are whole UTF-8 characters: the cap may have cut one (RFC 3629 §3). */
function wholeCharacters(bytes: Buffer, length: number): number {
  for (let back = 1; back <= Math.min(3, length); back += 1) {
    const byte = bytes[length - back] ?? 0
    if (byte < 0x80) return length
    if (byte < 0xc0) continue
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    return needed > back ? length - back : length
  }
  return length
}
