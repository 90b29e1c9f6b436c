import type { platformErrors } from '../platform.ts'

/** Errors that any route may give, in Japanese. */
export const platform: Readonly<Record<keyof typeof platformErrors, string>> = {
  metastore_missing: 'このワークスペースにはメタストアが割り当てられていません。',
  internal:
    'Lakelet がこのリクエストを処理できませんでした。詳しい内容は、リクエスト ID {requestId} でログに記録されています。',
  invalid_parameter: '{reason}',
  field_required: 'フィールド「{field}」は必須です。値を入力してください。',
  malformed_request: '{reason}',
  sql_run_repeated:
    '実行 {run} はすでに受け付けられているため、もう一度は実行しません。結果が反映されているか確認し、新しい実行としてやり直してください。',
  sql_runs_limit: 'すでに {limit} 件の SQL が実行中です。終わるのを待つか、どれかをキャンセルしてください。',
  body_too_large: 'リクエスト本文が {limit} バイトを超えています。小さくするか、分割してください。',
  unsupported_media_type:
    'コンテンツ タイプ「{contentType}」はここでは受け付けられません。{expected} で送信してください。',
  request_timeout: 'リクエストが {seconds} 秒以内に届きませんでした。もう一度お試しください。',
  headers_too_large:
    'リクエスト ヘッダーが大きすぎます。合計 {limit} KiB までです。不要な Cookie を削除してください。',
  host_unknown:
    'ホスト「{host}」はこのワークスペースの名前ではありません。ワークスペースのアドレスを使用するか、設定にその名前を追加してください。',
  origin_foreign: '「{origin}」のページからは、このワークスペースを変更できません。',
  endpoint_not_found: '「{method} {path}」に対応する API はありません。アドレスを確認してください。',
  rate_limited: 'リクエストが多すぎます。{seconds} 秒後にもう一度お試しください。',
  not_implemented: 'Lakelet ではまだ利用できません: {feature}',
  feature_disabled: 'Lakelet のワークスペースには含まれていません: {feature}',
  bundle_exists: '{name} はすでに存在します。',
  bundle_aborted: '拒否されました: {reason}。読み直してから、もう一度お試しください。',
  feature_has_nothing:
    '「{path}」は存在しません。これは Lakelet のワークスペースには含まれていません ({feature})。',
  client_gone: '応答する前にクライアントが切断しました。',
  disk_full:
    'ワークスペースのディスクがいっぱいで、何も書き込めません。読み取りは続けられ、完了と報告されたデータは失われていません。ディスクの空きを増やし (データ ディレクトリで df -h と du -sh を使うと大きなものがわかります。古いログ lakelet.log.1 などは削除できます)、不要なブランチやアプリを削除してから、もう一度お試しください。',
  branch_disk_full:
    'ブランチを作成する空きがありません。約 {needed} MB 必要ですが、{directory} のファイル システムの空きは {free} MB です。途中のものは残っていません。不要なブランチやアプリを削除するか、データ ディレクトリのごみ箱を空にしてください。',
  workspace_stopping: 'ワークスペースは停止処理中です。',
}
