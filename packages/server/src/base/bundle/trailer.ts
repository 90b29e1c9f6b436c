// The end of a bundle that is read as it comes, and not from a file whose end can be looked at first.
import { LakeletError } from '../errors.ts'
import { TRAILER, ZSTD } from './bundle.ts'

/** `bytes` without what a bundle ends with. LakeletErrors `bundle_foreign` for what does not begin as one, `bundle_damaged` where the end is missing. */
export async function* withoutTrailer(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array> {
  let held = Buffer.alloc(0)
  let isBegun = false
  for await (const chunk of bytes) {
    held = Buffer.concat([held, chunk])
    if (held.length <= TRAILER.length) continue
    if (!isBegun) refuseForeign(held, file)
    isBegun = true
    yield held.subarray(0, held.length - TRAILER.length)
    held = held.subarray(held.length - TRAILER.length)
  }
  if (!isBegun) refuseForeign(held, file)
  if (!isBegun || !held.equals(TRAILER))
    throw new LakeletError('bundle_damaged', { file, reason: 'its end is missing' })
}

function refuseForeign(begin: Buffer, file: string): void {
  if (begin.subarray(0, ZSTD.length).equals(ZSTD)) return
  const reason = begin.length === 0 ? 'it is empty' : 'it is not compressed with zstd'
  throw new LakeletError('bundle_foreign', { file, reason })
}
