import { LakeletError } from '../../base/errors.ts'

/**
 * The number of a new version of a bundle's deployment: numbers rise, and a version says on which it stands, so that two deployments at a time
 * do not overwrite each other. `last` is the newest there is. LakeletError `invalid_parameter`.
 */
export function nextBundleVersion(
  asked: string | undefined,
  last: number | undefined,
  previous: string | undefined,
): number {
  const number = Number(asked)
  const least = (last ?? 0) + 1
  if (!/^[1-9]\d{0,15}$/.test(asked ?? '') || !Number.isSafeInteger(number) || number < least) {
    const reason = `Field 'version_id' must be a whole number from ${least} on, got '${asked ?? ''}'.`
    throw new LakeletError('invalid_parameter', { reason })
  }
  const newest = last === undefined ? '' : String(last)
  if (previous !== undefined && previous !== newest) {
    const reason = `Field 'previous_version_id' is '${previous}', but the last version is '${newest}': another deployment came in between.`
    throw new LakeletError('invalid_parameter', { reason })
  }
  return number
}
