// What identity asks of the rest of the workspace.
import type { Caller } from '../base/caller.ts'
import type { ObjectType, PermissionLevel } from './permission-levels.ts'

export interface ObjectRef {
  readonly type: ObjectType
  readonly id: string
}

/** What identity has to know about an object; the rooms that own the objects answer. */
export interface KnownObject {
  /** The id that never changes: grants are stored under it. */
  readonly id: string
  readonly ownerId: number | undefined
  /** Ids of the objects it inherits from, nearest first. */
  readonly ancestors?: readonly string[]
  /** What the caller has without any grant, beside ownership: a home folder, a shared folder. */
  readonly levelOf?: (caller: Caller) => Promise<PermissionLevel | undefined>
}

export interface ObjectPort {
  /** The object of that id or name; undefined when there is none. */
  find(object: ObjectRef): Promise<KnownObject | undefined>
}
