import type { gatewayErrors } from '../gateway.ts'

/** What a Postgres client may be told before its session begins, in Japanese. */
export const gateway: Readonly<Record<keyof typeof gatewayErrors, string>> = {
  connection_insecure: '接続が暗号化されていません (sslmode=require をお試しください)。',
  startup_invalid: '{reason}',
  startup_without_user: '起動パケットに PostgreSQL のユーザー名が指定されていません。',
  protocol_unsupported:
    'フロントエンド プロトコル {major}.{minor} には対応していません。対応しているのは 3.0 です。',
  login_timed_out: '時間内に認証が完了しなかったため、取り消されました。',
  endpoint_unspecified:
    'エンドポイントが指定されていません。エンドポイントのホスト名 (ep-….) に接続するか、オプション endpoint=<エンドポイント ID> を追加してください (例: PGOPTIONS=endpoint=<エンドポイント ID>)。',
  endpoint_inconsistent:
    'SNI のエンドポイント (「{sni}」) とエンドポイント オプション (「{option}」) が一致しません。',
  endpoint_unknown: 'エンドポイントが見つかりません。',
  compute_is_active: 'エンドポイント「{name}」のコンピュートはすでに起動しています。',
  compute_is_idle: 'エンドポイント「{name}」のコンピュートはすでにスリープしています。',
  compute_is_changing:
    'エンドポイント「{name}」のコンピュートは状態を変更しています。完了するまでお待ちください。',
  endpoint_disabled: 'エンドポイントは無効になっています。先に有効化してください。',
  compute_unreachable: 'コンピュートに接続できませんでした: {reason}',
  compute_no_memory:
    'コンピュートに接続できませんでした: もう 1 つのコンピュートのためのメモリがありません。{awake} 個が起動中で {memory} MB のうち {used} MB を使用しており、{seconds} 秒以内に停止したものはありませんでした。',
  active_computes_limit:
    'アクティブなエンドポイントの上限を超えました: プロジェクトで同時に起動できるコンピュートは {limit} 個までです (デフォルト ブランチのものは数えません)',
  password_empty: 'クライアントから空のパスワードが送られました。',
  password_wrong: 'ロール「{role}」のパスワード認証に失敗しました。',
  token_not_jwt: '指定された認証トークンは正しい JWT ではありません。',
  token_signature_wrong: '指定された認証トークンには、このワークスペースの正しい署名がありません。',
  token_expired: 'トークンの有効期限が切れています (exp={exp})。新しいトークンを取得してください。',
  token_foreign:
    '指定された認証トークンは、このワークスペースのデータベース用に発行されたものではありません。',
  token_identity_wrong: 'トークンの ID「{identity}」は、ロール「{role}」としてログインできません。',
  role_without_label:
    'OAuth トークンが使用されましたが、ロール「{role}」には Postgres で ID が関連付けられていません。databricks_create_role で作成したロールを使用してください。',
  role_without_login: 'ロール「{role}」にはログインが許可されていません。',
  too_many_clients:
    '接続が多すぎます ({scope})。上限は {limit} です。使用していない接続を閉じるか、後でもう一度お試しください。',
  pool_wait_timed_out:
    '{seconds} 秒以内にプールのバックエンドが空きませんでした。{waiting} 個のクライアントが {size} 個のバックエンドを待っています。トランザクションを短くするか、gateway.pool.size を増やしてください。',
  pool_pinned_out:
    'セッションは {reason} を保持しているため専用のバックエンドが必要ですが、プールの {size} 個のバックエンドの半数はすでに専用になっています。プールを使わずに接続してください。',
  pool_settings_lost:
    'セッションの設定 ({names}) を別のバックエンドに設定できませんでした (SQLSTATE {sqlState})。接続し直してください。',
  pool_replication: 'レプリケーション接続はプールできません。プールを使わずに接続してください。',
  gateway_stopping: '管理者コマンドにより接続が切断されました。',
  compute_suspended: '管理者コマンドにより接続が切断されました。',
  session_not_resumed: '管理者コマンドにより接続が切断されました。',
  idle_session_timeout: 'アイドルセッションのタイムアウトにより接続が切断されました。',
  connection_retired: '接続が終了されました: {reason}',
}
