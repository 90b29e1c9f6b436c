// The levels of permission, and on what they are granted.

export type ObjectType = 'project' | 'app' | 'file'
export type PermissionLevel = keyof typeof RANK

const RANK = { CAN_USE: 1, CAN_READ: 1, CAN_RUN: 2, CAN_EDIT: 3, CAN_MANAGE: 4 } as const

/** The levels that can be granted on each type of object, lowest first. */
export const LEVELS: Readonly<Record<ObjectType, readonly PermissionLevel[]>> = {
  project: ['CAN_USE', 'CAN_MANAGE'],
  app: ['CAN_USE', 'CAN_MANAGE'],
  file: ['CAN_READ', 'CAN_RUN', 'CAN_EDIT', 'CAN_MANAGE'],
}

/** Whether who has `has` may do what needs `level`. */
export function covers(has: PermissionLevel, level: PermissionLevel): boolean {
  return RANK[has] >= RANK[level]
}

export function highest(levels: readonly (PermissionLevel | undefined)[]): PermissionLevel | undefined {
  let best: PermissionLevel | undefined
  for (const level of levels) if (level && !(best && covers(best, level))) best = level
  return best
}
