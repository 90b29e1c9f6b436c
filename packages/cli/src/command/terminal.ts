// Everything of the outside world that a command may touch without asking the workspace. Tests pass their own.
import type { Readable, Writable } from 'node:stream'

/** Where a person reads; `columns` are its characters in a line as it is now. */
export type Screen = Writable & { readonly columns?: number }

export interface Terminal {
  /** How this command line is called here, such as `npx lakelet`; `lakelet` when left out. */
  readonly command?: string
  /** Starts this program again, with the arguments after it; absent where there is none. */
  readonly program?: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  /** True when a person reads standard error as it is written. */
  readonly isInteractive: boolean
  /** Characters in a line of standard error; absent where it is no terminal. */
  readonly columns?: number | undefined
  stdout(text: string | Uint8Array): void
  stderr(text: string): void
  /** The whole of standard input. */
  readStdin(): Promise<string>
  /** Standard input as it comes; absent where there is none. */
  readonly stdin?: Readable & { readonly isTTY?: boolean }
  /** While standard output takes no more: resolves when it does. Whoever writes much asks. */
  outputPressure?(): Promise<unknown> | undefined
  /** Standard output as a screen; absent where it is no terminal. */
  readonly screen?: Screen | undefined
  readonly fetch: typeof fetch
  /** Tells the process that started this one by a channel; nothing where there is none. */
  tellParent?(message: object): void
  /** Whether a stream shows colours; none where it is absent. */
  hasColor?(stream: 'stdout' | 'stderr'): boolean
  /**
   * From now on every signal that ends a program goes to `listener`, until what it gives is called. A false answer ends this one at once.
   */
  takeSignals?(listener: (name: NodeJS.Signals) => boolean): () => void
  /** From now on Ctrl-C belongs to the program that the command started. */
  ignoreInterrupts(): void
}
