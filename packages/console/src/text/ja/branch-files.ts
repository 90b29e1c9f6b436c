import type { Messages } from '../messages.ts'

export const branchFiles: Messages['branchFiles'] = {
  export: 'エクスポート…',
  exportTitle: (branch) => `${branch} のエクスポート`,
  exportDo: 'エクスポート',
  exportIntro:
    'ブランチの現在の内容 (すべてのデータベースと、パスワードを含むロール) を 1 つのファイルにします。クライアントはそのまま使え、スリープ中のブランチは起動しません。過去の履歴は含まれません。',
  keepIt: 'ファイルを読める人はデータも読めます。パスワードと同じように保管してください。',
  copying: 'ブランチをコピーしています…',
  received: (size) => `${size} を受信しました…`,
  exported: (file, size) => `${file} (${size}) をエクスポートしました`,
  cut: 'ファイルが途中で終わったため、保存しませんでした。原因はワークスペースのログにあります。もう一度エクスポートしてください。',
  import: 'インポート…',
  importTitle: 'ブランチのインポート',
  importDo: 'インポート',
  importIntro:
    'このワークスペースまたは別のワークスペースでエクスポートしたファイルから、データベース、ロール、ID、パスワードを含むルート ブランチを作成します。プロジェクトの Postgres のメジャー バージョンが同じである必要があります。',
  file: 'ファイル',
  fileHint: 'エクスポートしたブランチ (例: production.tar.zst)。',
  chooseFile: '先にファイルを選択してください。',
  sent: (size, of) => `${of} のうち ${size} を送信しました…`,
  checking: 'ファイルを受信しました。確認しています…',
  making: 'ブランチを作成しています…',
  imported: (branch, from, at) => `${branch} は ${at} 時点の ${from} です`,
  lostRoles:
    '次のロールは、このワークスペースにない ID に属しています。これらのロールでは誰もログインできません。所有しているものはそのまま残ります。',
  go: 'ブランチを開く',
}
