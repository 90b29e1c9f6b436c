/// <reference lib="esnext.disposable" preserve="true" />
// `AsyncDisposableStack` and `DisposableStack` for Node 22, which has `Symbol.asyncDispose` and not yet these (ECMAScript 2026, DisposableStack
// Objects). Newer versions keep their own.

type Dispose = () => unknown

/** What was taken, in the order of taking. */
abstract class Stack {
  #taken: Dispose[] | undefined = []

  get disposed(): boolean {
    return this.#taken === undefined
  }

  adopt<T>(value: T, dispose: (value: T) => unknown): T {
    this.defer(() => dispose(value))
    return value
  }

  defer(dispose: Dispose): void {
    this.#open().push(dispose)
  }

  /** Gives `other` all of it; this one is disposed then and ends nothing. */
  protected moveTo<S extends Stack>(other: S): S {
    for (const each of this.#open()) other.defer(each)
    this.#taken = undefined
    return other
  }

  /** All of it, the last one first; nothing is left here. */
  protected takeAll(): Dispose[] {
    const taken = (this.#taken ?? []).toReversed()
    this.#taken = undefined
    return taken
  }

  #open(): Dispose[] {
    if (!this.#taken) throw new ReferenceError('the stack was disposed already')
    return this.#taken
  }
}

/** What was taken is ended in reverse, and every end is tried. */
export class AsyncStack extends Stack implements AsyncDisposable {
  use<T extends AsyncDisposable | Disposable | null | undefined>(value: T): T {
    if (value === null || value === undefined) return value
    if (Symbol.asyncDispose in value) this.defer(() => value[Symbol.asyncDispose]())
    else this.defer(() => value[Symbol.dispose]())
    return value
  }

  move(): AsyncStack {
    return this.moveTo(new AsyncStack())
  }

  async disposeAsync(): Promise<void> {
    const failures: unknown[] = []
    for (const dispose of this.takeAll()) {
      try {
        await dispose()
      } catch (error) {
        failures.push(error)
      }
    }
    throwAny(failures)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync()
  }
}

/** The same where every end is at once. */
export class SyncStack extends Stack implements Disposable {
  use<T extends Disposable | null | undefined>(value: T): T {
    if (value !== null && value !== undefined) this.defer(() => value[Symbol.dispose]())
    return value
  }

  move(): SyncStack {
    return this.moveTo(new SyncStack())
  }

  dispose(): void {
    const failures: unknown[] = []
    for (const dispose of this.takeAll()) {
      try {
        dispose()
      } catch (error) {
        failures.push(error)
      }
    }
    throwAny(failures)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

function throwAny(failures: readonly unknown[]): void {
  if (failures.length > 1) throw new AggregateError(failures, 'several parts could not be ended')
  if (failures.length === 1) throw failures[0]
}

for (const [name, value] of Object.entries({
  AsyncDisposableStack: AsyncStack,
  DisposableStack: SyncStack,
})) {
  if (!(name in globalThis))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
}
