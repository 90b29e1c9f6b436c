import type { AppRow } from '../metadata/apps.ts'
import type { Lock } from '../operations/operation-kind.ts'

/** Full name of an app in operations and locks. */
export function resourceOf(name: string): string {
  return `apps/${name}`
}

/** What every operation on an app asks for; `part` is what of the app it keeps from others, the whole when left out. */
export function requestFor({ name, id }: Pick<AppRow, 'name' | 'id'>, part?: 'run' | 'settings') {
  const resource = resourceOf(name)
  const lock: Lock = { scope: part === undefined ? resource : `${resource}/${part}`, mode: 'exclusive' }
  return { resource, objectUid: id, locks: [lock] }
}
