// The last lines that a program wrote, for the error that says why it failed. Such a text is stored and sent to people, so it is short
// whatever the program wrote.

const LARGEST = 16 * 1024

export class OutputTail {
  readonly #lines: string[] = []
  readonly #most: number

  constructor(mostLines: number) {
    this.#most = mostLines
  }

  add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > this.#most) this.#lines.shift()
  }

  /** The end of the output, at most 16 Ki characters of it. */
  toString(): string {
    const text = this.#lines.join('\n')
    return text.length <= LARGEST ? text : `[…] ${text.slice(-LARGEST)}`
  }
}
