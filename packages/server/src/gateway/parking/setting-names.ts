// Names of custom settings (`app.tenant`) that a client spells out. Postgres lists no such setting, and tells its value only to who knows the
// name, so what a client sends is searched for them on its way. A name that is missed loses nothing: its session is then found to hold more
// than can be rebuilt, and keeps its backend (prover.ts).

/** What begins a statement or a call that sets something; either spelling, for a search that costs next to nothing. */
const HINTS = [Buffer.from('set'), Buffer.from('SET'), Buffer.from('Set')] as const
const NAME = String.raw`"?[A-Za-z_][\w$]*"?(?:\s*\.\s*"?[A-Za-z_][\w$]*"?)+`
/** Words need no beginning: before the text of a message stands its length, which may be a letter. */
const SETTING = new RegExp(
  String.raw`set_config\s*\(\s*'([\w$.]+)'|reset\s+(${NAME})|set\s+(?:session\s+|local\s+)?(${NAME})\s*(?:=|\bto\b)`,
  'gi',
)
/** A name that is no part of the text but sent beside it. */
const BY_PARAMETER = /set_config\s*\(\s*(?!')/i
const ANY_NAME = /[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)+/g
/** `random()` goes on where it was told to begin, and nobody can ask where it is. */
const SEED = /setseed\s*\(|set\s+(?:session\s+)?seed\b|set_config\s*\(\s*'seed'/i
const LONGEST = 128
/** So much of what came before is looked at again: what is looked for may be cut in two. */
const OVERLAP = 256
const MOST = 200

export class SettingNames {
  readonly #names = new Set<string>()
  /** The last bytes, with room behind them for the first of the next chunk: one buffer, since this is done for every chunk. */
  readonly #seam = { buffer: Buffer.alloc(2 * OVERLAP), length: 0 }
  #isByParameter = false
  #isSeeded = false

  /** In lower case: names of settings have no other. */
  get names(): readonly string[] {
    return [...this.#names]
  }

  /** The session has said where `random()` begins. */
  get isSeeded(): boolean {
    return this.#isSeeded
  }

  /** Bytes on their way to the server. */
  see(chunk: Buffer): void {
    const { buffer, length } = this.#seam
    const cut = buffer.subarray(0, length + chunk.copy(buffer, length, 0, OVERLAP))
    const isThere = (hint: Buffer) => cut.includes(hint) || (chunk.length > OVERLAP && chunk.includes(hint))
    if (this.#isByParameter || HINTS.some(isThere))
      this.#read(cut.toString('latin1') + chunk.toString('latin1', OVERLAP))
    const end = chunk.length > OVERLAP ? chunk : cut
    this.#seam.length = end.copy(buffer, 0, Math.max(0, end.length - OVERLAP))
  }

  #read(text: string): void {
    for (const [, called, reset, set] of text.matchAll(SETTING)) this.#add(called ?? reset ?? set ?? '')
    this.#isSeeded ||= SEED.test(text)
    this.#isByParameter ||= BY_PARAMETER.test(text)
    if (this.#isByParameter) for (const [name] of text.matchAll(ANY_NAME)) this.#add(name)
  }

  #add(name: string): void {
    const plain = name.replaceAll(/["\s]/g, '').toLowerCase()
    if (!plain.includes('.') || plain.length > LONGEST) return
    // The latest are the likeliest to be there still.
    this.#names.delete(plain)
    this.#names.add(plain)
    const [oldest] = this.#names
    if (this.#names.size > MOST && oldest !== undefined) this.#names.delete(oldest)
  }
}
