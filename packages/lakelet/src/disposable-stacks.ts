/// <reference lib="esnext.disposable" preserve="true" />
// `AsyncDisposableStack` and `DisposableStack` for Node 22, which has `Symbol.asyncDispose` and not yet these (ECMAScript 2026, DisposableStack
// Objects). Newer versions keep their own.

type Dispose = () => unknown

/** What was taken is ended in reverse, and every end is tried. */
export class AsyncStack implements AsyncDisposable {
  #taken: Dispose[] | undefined = []

  get disposed(): boolean {
    return this.#taken === undefined
  }

  use<T extends AsyncDisposable | Disposable | null | undefined>(value: T): T {
    if (value === null || value === undefined) return value
    if (Symbol.asyncDispose in value) this.defer(() => value[Symbol.asyncDispose]())
    else this.defer(() => value[Symbol.dispose]())
    return value
  }

  adopt<T>(value: T, dispose: (value: T) => unknown): T {
    this.defer(() => dispose(value))
    return value
  }

  defer(dispose: Dispose): void {
    this.#open().push(dispose)
  }

  /** A stack with all of it; this one is disposed then and ends nothing. */
  move(): AsyncStack {
    const other = new AsyncStack()
    for (const each of this.#open()) other.defer(each)
    this.#taken = undefined
    return other
  }

  async disposeAsync(): Promise<void> {
    const taken = (this.#taken ?? []).toReversed()
    this.#taken = undefined
    const failures: unknown[] = []
    for (const dispose of taken) {
      try {
        await dispose()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 1) throw new AggregateError(failures, 'several parts could not be ended')
    if (failures.length === 1) throw failures[0]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync()
  }

  #open(): Dispose[] {
    if (!this.#taken) throw new ReferenceError('the stack was disposed already')
    return this.#taken
  }
}

/** The same where every end is at once. */
export class SyncStack implements Disposable {
  #taken: (() => unknown)[] | undefined = []

  get disposed(): boolean {
    return this.#taken === undefined
  }

  use<T extends Disposable | null | undefined>(value: T): T {
    if (value !== null && value !== undefined) this.defer(() => value[Symbol.dispose]())
    return value
  }

  adopt<T>(value: T, dispose: (value: T) => unknown): T {
    this.defer(() => dispose(value))
    return value
  }

  defer(dispose: Dispose): void {
    this.#open().push(dispose)
  }

  /** A stack with all of it; this one is disposed then and ends nothing. */
  move(): SyncStack {
    const other = new SyncStack()
    for (const each of this.#open()) other.defer(each)
    this.#taken = undefined
    return other
  }

  dispose(): void {
    const taken = (this.#taken ?? []).toReversed()
    this.#taken = undefined
    const failures: unknown[] = []
    for (const dispose of taken) {
      try {
        dispose()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 1) throw new AggregateError(failures, 'several parts could not be ended')
    if (failures.length === 1) throw failures[0]
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #open(): Dispose[] {
    if (!this.#taken) throw new ReferenceError('the stack was disposed already')
    return this.#taken
  }
}

for (const [name, value] of Object.entries({
  AsyncDisposableStack: AsyncStack,
  DisposableStack: SyncStack,
})) {
  if (!(name in globalThis))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
}
