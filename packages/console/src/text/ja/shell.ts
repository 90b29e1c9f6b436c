import type { Messages } from '../messages.ts'

export const common: Messages['common'] = {
  actions: '操作',
  cancel: 'キャンセル',
  characters: (length) => `(${length.toLocaleString('ja')} 文字)`,
  close: '閉じる',
  copied: 'コピーしました',
  copy: (what) => `${what} をコピー`,
  copyFailed: 'ブラウザーがコピーを許可しませんでした。テキストを選択してコピーしてください。',
  create: '作成',
  delete: '削除',
  edit: '編集',
  filter: '絞り込み',
  more: 'その他の操作',
  never: 'なし',
  no: 'いいえ',
  none: 'なし',
  nothingMatches: '一致するものはありません。',
  retry: '再試行',
  save: '保存',
  saved: '保存しました',
  typeName: (name) => `確認のため ${name} と入力してください`,
  working: '処理中 …',
  yes: 'はい',
}

export const states: Messages['states'] = {
  ACTIVE: 'アクティブ',
  IDLE: 'アイドル',
  INIT: '起動中',
  DEGRADED: '低下',
  DISABLED: '無効',
  READY: '準備完了',
  RESETTING: 'リセット中',
  DELETED: '削除済み',
  RUNNING: '実行中',
  CRASHED: 'クラッシュ',
  DEPLOYING: 'デプロイ中',
  UNAVAILABLE: '停止中',
  STOPPED: '停止済み',
  STOPPING: '停止処理中',
  STARTING: '起動中',
  IN_PROGRESS: '進行中',
  SUCCEEDED: '成功',
  FAILED: '失敗',
  CANCELLED: 'キャンセル済み',
  ERROR: 'エラー',
  UPDATING: '更新中',
  DELETING: '削除中',
  UNDOING: '取り消し中',
}

export const shell: Messages['shell'] = {
  account: 'アカウント',
  apps: 'アプリ',
  breadcrumb: '現在の場所',
  navigation: 'ナビゲーション',
  new: '新規',
  newApp: 'アプリ',
  notifications: '通知',
  newProject: 'Lakebase プロジェクト',
  reconnecting: 'ワークスペースが応答しません。再接続しています …',
  search: '検索',
  searchHint: 'プロジェクト、ブランチ、アプリ、操作を検索',
  settings: '設定',
  signOut: 'サインアウト',
  skip: '本文へ移動',
  switchBranch: (branch) => `ブランチ ${branch}: 切り替え`,
  switcher: 'アプリ スイッチャー',
  workspace: 'ワークスペース',
}

export const palette: Messages['palette'] = {
  action: '操作',
  app: 'アプリ',
  branch: 'ブランチ',
  page: 'ページ',
  project: 'プロジェクト',
  theme: (theme) => `テーマ: ${theme}`,
}

export const preferences: Messages['preferences'] = {
  title: '個人設定',
  language: '言語',
  theme: 'テーマ',
  themes: { system: 'システムに合わせる', light: 'ライト', dark: 'ダーク' },
  keys: 'キーボード',
  keyList: [
    ['Ctrl K', 'すべてを検索'],
    ['g h · g p · g a · g w', 'ホーム、プロジェクト、アプリ、ワークスペースのファイル'],
    ['d', '同じ操作のコマンドと API 呼び出し'],
    ['/', '一覧を絞り込む'],
    ['Ctrl Enter', 'カーソル位置の文、または選択範囲を実行'],
    ['Ctrl Shift Enter', 'すべての文を実行'],
    ['Ctrl .', '実行をキャンセル'],
    ['Esc, Tab', 'エディターから出る'],
  ],
}

export const about: Messages['about'] = {
  title: 'このワークスペースについて',
  intro: 'ツールやドライバーからこのワークスペースに接続するための情報です。',
  version: 'バージョン',
  address: 'API のアドレス',
  postgres: 'Postgres',
  authority: '認証局の証明書',
  workspaceId: 'ワークスペース ID',
  region: 'リージョン',
  user: 'サインイン中のユーザー',
}

export const errors: Messages['errors'] = {
  conflict: '現在の状態ではこの操作はできません',
  failed: 'ワークスペースでエラーが発生しました',
  forbidden: 'この操作を行う権限がありません',
  forbiddenRemedy: '対象に CAN_MANAGE を持つユーザー、またはワークスペースの管理者が「権限」で付与できます。',
  noPage: 'ページがありません',
  noPageText: 'アドレスが古いか、間違っている可能性があります。',
  notFound: '見つかりません',
  postgres: 'Postgres がこの操作を拒否しました。Postgres のメッセージ:',
  refused: 'ワークスペースがこの操作を拒否しました',
  signedOut: 'サインアウトしています',
  signedOutRemedy: 'このマシンで `lakelet open` を実行すると、新しいサインイン用リンクを取得できます。',
  signedOutText: 'このブラウザーのセッションは終了しました。',
  tooMany: '同時実行数が上限に達しました',
  unexpected: 'このページでエラーが発生しました',
  unreachable: 'ワークスペースが応答しません',
  unreachableText: '停止中または起動中の可能性があります。復帰すると、このページは自動的に続行します。',
}

export const calls: Messages['calls'] = {
  title: 'CLI と API',
  intro:
    '同じことをターミナルやスクリプトから行う方法です。$TOKEN は自分のトークンです: lakelet auth token --field access_token',
  reads: 'このページが読み取るもの',
  writes: 'このページから最近行った変更',
  command: 'コマンド',
}
