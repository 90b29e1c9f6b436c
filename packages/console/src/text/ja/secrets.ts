import type { Messages } from '../messages.ts'

export const secrets: Messages['secrets'] = {
  title: 'シークレット',
  intro:
    'アプリやプログラムがスコープとキーで読み取る値です。暗号化して保存され、このページに再び表示されることはありません。',
  scopes: 'スコープ',
  scope: 'スコープ',
  addScope: 'スコープの作成',
  scopeHint: '英数字、ハイフン、アンダースコア、@、ピリオドで 1 から 128 文字です。',
  everybody: '全員が管理できるようにする',
  none: 'スコープはまだありません',
  noneText: 'スコープは、関連するシークレットをまとめ、誰が読み取れるかを決めます。',
  keys: 'キー',
  key: 'キー',
  value: '値',
  put: 'シークレットの保存',
  putHint: '既存のキーの場合は新しい値に置き換えられ、以前の値は失われます。',
  noKeys: '何も保存されていません。',
  updated: '保存日時',
  stored: (key) => `${key} を保存しました`,
  access: 'アクセス リスト',
  permission: '権限',
  levels: {
    READ: 'READ: 値の読み取り',
    WRITE: 'WRITE: 読み取りと保存',
    MANAGE: 'MANAGE: 権限の管理も可能',
  },
  grant: '権限の付与',
  noAccess: 'ワークスペースの管理者だけが使用できます。',
  deleted: (name) => `${name} を削除しました`,
  deleteKeyLost: '値が失われます。この値を使用するアプリは、次のデプロイで失敗します。',
  deleteScope: 'スコープの削除',
  deleteScopeLost: (keys) =>
    `スコープと、その ${keys} 個のシークレットおよびアクセス リストが失われます。これらを使用するアプリは、次のデプロイで失敗します。`,
  revokeLost: '所属するグループに権限がない限り、このスコープを使用できなくなります。',
}
