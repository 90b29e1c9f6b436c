// What the file tree asks of the rest of the workspace.
import type { Caller } from '../base/caller.ts'

export type FileLevel = 'CAN_READ' | 'CAN_EDIT' | 'CAN_MANAGE'

/** Grants on single folders and files; `main` plugs the permissions in. */
export interface FileGrants {
  /** The highest level granted to the caller on this object itself; inheritance is worked out here. */
  levelOn(caller: Caller, objectId: number): Promise<FileLevel | undefined>
}
