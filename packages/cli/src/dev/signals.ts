// Who gets a signal: the work before a program is given up, a program that runs is told, and what follows it is finished.
import type { Terminal } from '../command/terminal.ts'
import type { Child } from './child.ts'

export class Signals implements Disposable {
  readonly #before = new AbortController()
  readonly #release: () => void
  #child: Child | undefined
  #told: NodeJS.Signals | undefined

  /** From now on signals come here. */
  constructor(terminal: Terminal) {
    this.#release = terminal.takeSignals?.((name) => this.#arrived(name)) ?? (() => {})
  }

  /** Aborted by a signal that comes while no program runs. */
  get before(): AbortSignal {
    return this.#before.signal
  }

  /** Passes what comes during `work` to the program; one that it survived ends what would follow. */
  async during<T>(child: Child, work: () => Promise<T>): Promise<T> {
    this.#child = child
    try {
      return await work()
    } finally {
      this.#child = undefined
      if (this.#told !== undefined) this.#abort(this.#told)
    }
  }

  [Symbol.dispose](): void {
    this.#release()
  }

  /** False where it has been heard before and nothing is left to tell. */
  #arrived(name: NodeJS.Signals): boolean {
    if (this.#child) {
      this.#told = name
      this.#child.tell(name)
      return true
    }
    const isFirst = !this.#before.signal.aborted
    this.#abort(name)
    return isFirst
  }

  #abort(name: NodeJS.Signals): void {
    this.#before.abort(new DOMException(`stopped by ${name}`, 'AbortError'))
  }
}
