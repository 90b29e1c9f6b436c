// The face of this room: what other rooms may import.
export { ObjectArchive } from './object-archive.ts'
export { passphraseOf, storeOf } from './settings.ts'
export { type ArchiveRestoreReport, restoreArchive } from './restore.ts'
export { type VerifyReport, verifyArchive } from './verify.ts'
export { asArchiveError, Vault } from './vault.ts'
export { instanceOf, WriterClaim } from './writer-claim.ts'
