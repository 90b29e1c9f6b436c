// A full disk has many names: one from each of the parts that write.

/** errno names: no space, no quota. */
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT'])
/** SQLITE_FULL; SQLITE_IOERR_SHMSIZE, for which SQLite has no room in the index of its write-ahead log (sqlite3.h). */
const FULL_SQLITE = new Set([13, 4874])
/** disk_full of Postgres (src/backend/utils/errcodes.txt). */
const FULL_SQLSTATE = '53100'

/** Whether `error`, or one that it was caused by, says that a disk is full. */
export function isDiskFull(error: unknown): boolean {
  const seen = new Set<unknown>()
  const waiting: unknown[] = [error]
  while (waiting.length > 0) {
    const each = waiting.pop()
    if (typeof each !== 'object' || each === null || seen.has(each)) continue
    seen.add(each)
    const { code, errcode, cause, errors } = each as Partial<Record<string, unknown>>
    if (FULL_CODES.has(String(code)) || code === FULL_SQLSTATE) return true
    if (code === 'ERR_SQLITE_ERROR' && FULL_SQLITE.has(Number(errcode))) return true
    waiting.push(cause, ...(Array.isArray(errors) ? (errors as unknown[]) : []))
  }
  return false
}
