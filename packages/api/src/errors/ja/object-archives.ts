import type { objectArchiveErrors } from '../object-archives.ts'

/** Errors about archives in object stores, in Japanese. */
export const objectArchives: Readonly<Record<keyof typeof objectArchiveErrors, string>> = {
  object_archive_off:
    'このワークスペースにはオブジェクトストアのアーカイブがありません。lakelet.toml で archive.url と archive.passphraseFile を設定し、再起動してください。',
  object_archive_failed: '{url} のアーカイブを使用できません: {reason}。',
  object_archive_passphrase:
    'このパスフレーズでは {url} のアーカイブを開けません: {reason}。作成時のパスフレーズを archive.passphrase、archive.passphraseFile または LAKELET_ARCHIVE_PASSPHRASE で指定してください。',
  object_archive_foreign: '{url} はここで必要なアーカイブではありません: {reason}。何も変更されていません。',
  object_archive_damaged: '{url} のアーカイブの {object} は壊れています: {reason}。',
  object_archive_not_reached: '{url} のアーカイブからは {moment} に到達できません: {reason}。',
}
