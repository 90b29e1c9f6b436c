import type { filesErrors } from '../files.ts'

/** Errors of the workspace file tree, in Japanese. */
export const files: Readonly<Record<keyof typeof filesErrors, string>> = {
  path_not_found: 'パス ({path}) は存在しません。',
  path_exists: 'パス ({path}) はすでに存在します。',
  file_exists: '({path}) にはすでにファイルが存在します。',
  parent_folder_missing: '親フォルダー ({path}) が存在しません。先に作成してください。',
  parent_folder_does_not_exist: '親フォルダー ({path}) が存在しません。先に作成してください。',
  folder_not_empty:
    'フォルダー ({path}) は空ではありません。中身と一緒に削除するには recursive を指定してください。',
  folder_protected: 'フォルダー ({path}) は保護されています。',
  path_invalid: 'パス ({path}) {reason}',
  file_too_large: 'ファイル {path} は {size} バイトあり、上限 ({limit} バイト) を超えています。',
  export_of_folder: 'パス ({path}) はフォルダーです。ファイルを 1 つずつエクスポートしてください。',
  export_format: 'パス ({path}) は {format} としてエクスポートできません。{stored} として保存されています。',
}
