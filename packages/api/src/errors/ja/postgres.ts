import type { postgresErrors } from '../postgres.ts'

/** Errors about projects, branches, endpoints, roles, databases and their computes, in Japanese. */
export const postgres: Readonly<Record<keyof typeof postgresErrors, string>> = {
  extension_unknown:
    '拡張機能「{extension}」は Postgres {major} では利用できません: {reason}。ディストリビューションのパッケージ {package} をインストールしてから、「lakelet extension install {extension}」をもう一度実行してください。',
  postgres_version_unknown:
    'Postgres {major} はここでは利用できません。利用できるメジャー バージョン: {offered}。',
  resource_not_found: '{type} が見つかりません。すでに削除されたか、名前が違う可能性があります。',
  project_exists: 'その ID のプロジェクトはすでにワークスペースに存在します。別の名前を使用してください。',
  already_exists: 'その ID の {type} はすでに存在します。別の名前を使用してください。',
  name_exists: 'その名前の {type} はすでに存在します。別の名前を使用してください。',
  invalid_id:
    'フィールド {field} の値「{value}」は使用できません。パターン {pattern} に一致する値を指定してください。',
  owner_role_not_found: 'ロール「{role}」が見つかりません。',
  conflicting_operations:
    'このプロジェクトでは、競合する操作がすでに進行中です。完了するのを待ってから、もう一度お試しください。',
  limit_reached: '{what} の上限 ({limit}) に達しています。不要なものを削除してください。',
  branch_protected: '保護されたブランチは削除できません。先に保護を解除してください。',
  branch_is_root: 'ルートブランチ「{name}」は単独では削除できません。プロジェクトと一緒に削除されます。',
  branch_is_default:
    'デフォルト ブランチは削除できません。先に別のブランチをプロジェクトのデフォルトにしてください。',
  branch_has_children: '子ブランチがあるブランチは削除できません: {children}。先にそれらを削除してください。',
  branch_not_ready:
    'ブランチ「{name}」はまだ準備できていません (状態: {state})。READY になってから、もう一度お試しください。',
  project_protected:
    'プロジェクトを削除できません。ブランチ「{branch}」が保護されています。先に保護を解除してください。',
  not_deleted: '{type} は削除されていないため、元に戻すものがありません。',
  endpoint_is_read_write: '読み書きエンドポイント「{name}」は削除できません。',
  second_read_write_endpoint: 'ブランチにはすでに読み書きエンドポイント「{name}」があります。',
  endpoint_is_disabled:
    'エンドポイント「{name}」は無効になっているため、データベースとロールを読み取れません。先に有効化してください。',
  role_owns_objects:
    'オブジェクトを所有しているロールは削除できません: {objects}。reassign_owned_to で別のロールを指定するか、オブジェクトを削除してください。',
  identity_unknown: 'ワークスペースに {type}「{name}」は存在しません。先に追加してください。',
  catalog_busy:
    'データベースのトランザクションが、この変更に必要なものを使用しています: {reason}。終了してから、もう一度お試しください。',
  catalog_object_in_use:
    'データベースのセッションが使用中です: {reason}。それらを終了してから、もう一度お試しください。',
  catalog_object_needed:
    'データベースの他のオブジェクトが依存しています: {reason}。先にそれらを削除または変更してください。',
  catalog_timeout: 'Postgres が時間内に変更を完了できませんでした: {reason}。もう一度お試しください。',
  catalog_refused: 'Postgres がこの変更を拒否しました: {reason} (SQLSTATE {sqlState})',
  compute_restarting: '変更中にコンピュートが停止し、時間内に復帰しませんでした。もう一度お試しください。',
  compute_connections_exhausted:
    'コンピュートの接続がすべて使用中です。いくつか終了するか、エンドポイントの最大サイズを大きくしてください。',
  compute_out_of_resources:
    'コンピュートのメモリまたはディスク容量が不足しています: {reason}。空きを増やしてから、もう一度お試しください。',
  schema_diff_failed: '一方のスキーマからもう一方へ導く文を作れません: {reason}',
  postgres_unreachable_directory:
    'Postgres は root では動作しないため、ユーザー {user} (uid {uid}) として動作しますが、このユーザーは {directory} に入れません。--data-dir でこのユーザーが到達できるディレクトリ (例: /var/lib/lakelet) を指定するか、chmod o+x {directory} で許可してください。',
  postgres_socket_directory_taken:
    'Postgres のソケット用ディレクトリ {directory} は別のユーザーのものです。削除するか、--data-dir で別のデータ ディレクトリを指定してください。',
  postgres_init_failed: 'Postgres が新しいクラスターを作成できませんでした: {reason}',
  postgres_leftover:
    '以前に起動した Postgres サーバー (pid {pid}) がまだ {directory} を使用しており、終了の指示に従いませんでした。それを終了してから、もう一度開始してください。',
  compute_start_failed: 'コンピュートに接続できませんでした。Postgres が起動しませんでした: {reason}',
  branch_storage_exists: 'ブランチ {branch} のストレージはすでに存在します。',
  branch_storage_missing: 'ブランチ {branch} のストレージが存在しません。',
  branch_clone_failed: 'ブランチ {branch} をコピーできませんでした: {reason}',
  role_missing: 'ブランチにロール「{role}」はありません。',
  role_name_invalid: '「{role}」は Postgres のロール名として使用できません: {reason}。',
  role_is_system: 'ロール「{role}」はシステムのものであるため、変更できません。',
  database_missing: 'ブランチにデータベース「{database}」はありません。',
  database_name_invalid: '「{database}」は Postgres のデータベース名として使用できません: {reason}。',
  database_is_system: 'データベース「{database}」はシステムのものであるため、変更できません。',
}
