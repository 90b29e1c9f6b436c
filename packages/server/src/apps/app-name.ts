import { LakeletError } from '../base/errors.ts'

/** Checks the name of a new app; LakeletError `app_name_invalid`. The rule is the platform's: it becomes part of a host name. */
export function checkAppName(name: string): void {
  if (!/^[a-z][a-z0-9-]{1,29}$/.test(name))
    throw new LakeletError('app_name_invalid', { name: name.slice(0, 60) })
}
