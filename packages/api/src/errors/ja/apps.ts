import type { appsErrors } from '../apps.ts'

/** Errors of apps, in Japanese. */
export const apps: Readonly<Record<keyof typeof appsErrors, string>> = {
  app_exists: '同じ名前のアプリがすでに存在します: {name}',
  app_not_found: 'アプリ {name} は存在しないか、削除されています。',
  app_name_invalid:
    'アプリの名前「{name}」は使用できません。2 から 30 文字で、英小文字で始まり、英小文字、数字、ハイフンだけで構成してください。',
  app_template_unknown: 'アプリのテンプレート「{template}」はありません。利用できるもの: {known}。',
  app_resource_invalid: 'アプリのリソース「{resource}」は使用できません: {reason}',
  app_update_mask: '「{field}」はアプリの変更可能なフィールドではありません。変更できるフィールド: {known}。',
  too_many_apps: 'ワークスペースのアプリが上限 ({limit} 個) に達しています。先にどれかを削除してください。',
  app_state: 'アプリ {name} のコンピュートは {state} 状態であるため、この操作 ({action}) はできません。',
  deployment_not_found: 'アプリ {name} のデプロイメント {deployment} は存在しません。',
  deployment_in_progress:
    'アプリ {name} では別のデプロイが進行中です。完了してから、もう一度お試しください。',
  app_source_missing:
    'アプリ {name} のソース フォルダーがまだ決まっていません。ファイルがあるワークスペースのフォルダーを指定してください。',
  app_unreachable_directory:
    'ワークスペースが root で起動されたため、アプリは専用のユーザーとして動作しますが、{directory} を通過できません。chmod o+x {directory} で許可するか、別の場所のデータ ディレクトリを使用してください。',
  source_name_clash:
    'ソース フォルダーの 2 つのオブジェクトが、ディスク上で同じファイル「{path}」になります (ノートブックは拡張子付きで書き出されます)。どちらかの名前を変更するか削除して、もう一度デプロイしてください。',
  app_yaml_invalid: '{file} の {line} 行 {column} 列: {reason}',
  app_no_command:
    '開始コマンドがありません。app.yaml にコマンドがなく、package.json に「start」スクリプトがなく、フォルダー {folder} に .py ファイルがありません。app.yaml に command: [...] を追加してください。',
  app_value_from: '環境変数 {variable} のリソース {resource} を解決できません{reason}',
  python_missing:
    'これは Python アプリですが、実行できません: {found}。venv モジュール付きの Python 3.9 以降をインストールして (Debian: apt install python3 python3-venv)、もう一度デプロイしてください。',
  python_base_failed:
    'アプリはプラットフォームのパッケージを指定なしで使用していますが ({packages})、インストールできませんでした。理由はビルド ログにあります。Python のインデックスに接続できない場合は、必要なものを requirements.txt に記載してください。',
  app_build_failed: 'ビルドに失敗しました: 「{command}」{ending}。ログの末尾:\n{log}',
  app_disk_full:
    'アプリ {name} のファイルは {used} のディスクを使用していますが、コンピューティング サイズの上限は {limit} です。空のディスクから始まるよう、再度デプロイしてください。書き込む量を減らすか、より大きいコンピューティング サイズを指定してください。',
  app_start_failed: 'アプリが起動しませんでした: 「{command}」{ending}。{hint} 出力の末尾:\n{log}',
  app_port_taken:
    'アプリはポート {port} を使用しようとしますが、{owner} が使用中です。それを停止するか、$DATABRICKS_APP_PORT のポートで待ち受けるようにしてください。出力の末尾:\n{log}',
  app_unhealthy:
    'アプリはヘルス チェックに合格しませんでした: GET {path} {answer}。以前のものは引き続き動作しています。出力の末尾:\n{log}',
  app_health_check_invalid:
    'ヘルス チェックの指定が正しくありません。パスは「/」で始め、タイムアウトは 1 から {most} 秒にしてください。',
  app_resource_absent:
    '変数 {variable} はアプリのリソース「{resource}」({kind}) から値を得ますが、ローカルのワークスペースにはありません。デプロイの env_vars で {variable} を設定するか (app.yaml より優先されます)、app.yaml に `value` を記載してください。',
  app_thumbnail_invalid: 'アプリの画像は base64 の PNG、JPEG、GIF、WebP で、{limit} KiB 以下にしてください。',
  app_has_no_thumbnail: 'アプリ {name} に画像はありません。',
  deployment_not_kept:
    'アプリ {name} のデプロイメント {deployment} には戻れません: {reason}。戻れるもの: {known}。',
  deployment_interrupted:
    'デプロイ中にワークスペースが停止されました。以前のものは引き続き動作しています。もう一度デプロイしてください。',
  deployment_cancelled: 'デプロイ中にアプリに対して別の操作 ({action}) が行われました。',
  app_not_deployed: 'アプリ {name} はまだデプロイされていません。',
  app_not_running: 'アプリ {name} は実行されていません。',
  app_unavailable: 'アプリ {name} は現在応答できません: {reason}',
  app_no_answer: 'アプリ {name} は {seconds} 秒以内に応答しませんでした。',
  app_broken_answer: 'アプリ {name} は応答する前に接続を閉じました。',
  app_answer_headers_too_large:
    'アプリ {name} の応答ヘッダーが {limit} KiB を超えています。設定する Cookie を減らすか小さくしてください。',
  app_host_refused: 'このアドレスではアプリ {name} を {url} で提供しており、他のホスト名では使用できません。',
  app_origin_refused:
    '{origin} のページは、サインイン中のユーザーのセッションでアプリ {name} を使用できません。',
}
