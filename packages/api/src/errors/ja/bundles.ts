import type { bundleErrors } from '../bundles.ts'

/** Errors about backups and exported branches, in Japanese. */
export const bundles: Readonly<Record<keyof typeof bundleErrors, string>> = {
  bundle_target: '{file} には何も書き込みません: {reason}。別の場所を指定してください。',
  bundle_disk_full:
    '{file} のディスクがいっぱいです。そこには何も残っていません。空き容量を増やすか、別のディスクを指定してください。',
  bundle_foreign: '{file} はここで必要なファイルではありません: {reason}。何も変更されていません。',
  bundle_damaged: '{file} は壊れています: {reason}。何も変更されていません。別のコピーを使用してください。',
  bundle_newer:
    '{file} は Lakelet {version} が書き込んだもので、このバージョンでは読み込めません。そのバージョン以降を使用してください。',
  bundle_other_major:
    '{file} は Postgres {major} のブランチですが、プロジェクト {project} は Postgres {wanted} です。Postgres {major} のプロジェクトにインポートするか、pg_dump でデータを移してください。何も変更されていません。',
  restore_target_taken:
    '{directory} は空ではありません。バックアップは新しいディレクトリか空のディレクトリにだけ復元できます。--data-dir で別のディレクトリを指定してください。',
}
