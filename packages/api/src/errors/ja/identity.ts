import type { identityErrors } from '../identity.ts'

/** Errors about who calls and what they may do, in Japanese. */
export const identity: Readonly<Record<keyof typeof identityErrors, string>> = {
  unauthenticated:
    '資格情報が送信されていないか、この API では使用できない種類です。サインインし直してください。',
  permission_denied: 'この操作を行う権限がありません。',
  scope_missing: 'このトークンのスコープ ({scopes}) では、この API を使用できません。',
  cross_origin_request:
    '別のサイトのページから、ブラウザーのセッション Cookie とともに送信されました。ワークスペースのページから送信するか、ベアラー トークンを使用してください。',
  principal_exists: '{name} という名前の {kind} はすでに存在します。別の名前を使用してください。',
  principal_not_found: 'ID {id} の {kind} は見つかりません。すでに削除されている可能性があります。',
  named_principal_not_found:
    'プリンシパル {name} ({kind}) は存在しません。綴りを確認するか、先に追加してください。',
  principal_of_app:
    'サービスプリンシパル「{name}」はアプリ {app} の実行 ID であるため、単独では削除できません。アプリを削除すると、一緒に削除されます。',
  system_group: 'グループ「{name}」はワークスペースのものであるため、名前の変更も削除もできません。',
  owner_required:
    '{name} はワークスペースの所有者であるため、削除も無効化も、管理者グループからの除外もできません。',
  scim_invalid: '{reason}',
  token_not_found: 'トークン {id} は存在しません。すでに取り消されている可能性があります。',
  token_quota: 'トークンの上限 ({limit} 個) に達しています。不要なものを取り消してください。',
  secret_not_found: 'シークレット {id} は存在しません。',
  secret_quota: 'サービスプリンシパルのシークレットは {limit} 個までです。不要なものを削除してください。',
  secret_scope_missing: 'シークレット スコープ {scope} は存在しません。',
  scope_exists: 'シークレット スコープ {scope} はすでに存在します。',
  scope_secret_missing: 'スコープ {scope} にキー {key} のシークレットは存在しません。',
  acl_missing: 'スコープ {scope} のアクセス リストに {principal} の行はありません。',
  secret_unreadable:
    '{secret} の値は、このデータ ディレクトリにはもうない鍵で暗号化されています (ファイル secrets.key が置き換えられました)。そのファイルを復元するか、値をもう一度保存してください。',
  role_password_unknown: 'ロール {role} のパスワードは表示できません: {reason}。',
  credential_claims:
    'クレーム付きの資格情報 (特定のテーブルだけの READ_ONLY) は発行されません。Postgres にはセッションをそれに制限する仕組みがなく、ロールのすべての権限が使えてしまうためです。クレームなしで、権限を絞ったロールとして要求してください。',
  not_group_member: 'グループ「{group}」のメンバーではありません。',
}
