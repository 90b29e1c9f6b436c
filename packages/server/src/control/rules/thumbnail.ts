// What may be the picture of an app.
import { LakeletError } from '../../base/errors.ts'

const LARGEST_KIB = 1024

/** How files of each format begin. */
const BEGINNINGS: readonly RegExp[] = [
  /^\u0089PNG\r\n/,
  /^\u00ff\u00d8\u00ff/,
  /^GIF8[79]a/,
  /^RIFF[^]{4}WEBP/,
]

/** The bytes of a picture in base64; LakeletError `app_thumbnail_invalid` for one that is none, or too large. */
export function pictureOf(base64: string | undefined): Buffer {
  const bytes = Buffer.from(base64 ?? '', 'base64')
  const beginning = bytes.subarray(0, 16).toString('latin1')
  if (bytes.length <= LARGEST_KIB * 1024 && BEGINNINGS.some((each) => each.test(beginning))) return bytes
  throw new LakeletError('app_thumbnail_invalid', { limit: LARGEST_KIB })
}
