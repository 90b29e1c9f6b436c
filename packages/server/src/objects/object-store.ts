// What is needed of an object store. Names are relative to the archive's prefix.

export interface StoredObject {
  readonly name: string
  readonly bytes: number
  readonly time: Date
}

export interface ObjectStore {
  /** How people call it: `s3://bucket/prefix`. */
  readonly url: string
  /**
   * Writes an object that is not there; `exists` where it is, and is left as it is: nothing is ever overwritten. Resolves when the store has
   * answered that it has all of it. A lost answer ends in `exists`, too: the caller looks whether it is the same. Throws a StoreFailure.
   */
  put(name: string, content: Buffer): Promise<'written' | 'exists'>
  /** The whole content; undefined where there is none. Throws a StoreFailure, or DamagedObject where the store's own checksum does not agree. */
  get(name: string): Promise<Buffer | undefined>
  /** Those whose names begin with `prefix` and come after `after`, in the order of their names. Throws a StoreFailure. */
  list(prefix: string, after?: string): AsyncGenerator<StoredObject>
  /** Nothing happens for those that are not there. Throws a StoreFailure. */
  delete(names: readonly string[]): Promise<void>
  close(): void
}

/** The store has another content than it was given. */
export class DamagedObject extends Error {}

/** The store did not do what was asked; `reason` says so to a person. */
export class StoreFailure extends Error {
  /** Trying again may help without anybody doing anything. */
  readonly isPassing: boolean

  constructor(reason: string, options: { readonly cause?: unknown; readonly isPassing: boolean }) {
    super(reason, { cause: options.cause })
    this.isPassing = options.isPassing
  }
}
