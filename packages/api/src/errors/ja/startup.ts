import type { startupErrors } from '../startup.ts'

/** Errors of starting a workspace, in Japanese. */
export const startup: Readonly<Record<keyof typeof startupErrors, string>> = {
  data_dir_newer:
    'データ ディレクトリは、より新しいバージョンの Lakelet で書き込まれています ({migrations})。そのバージョンを起動するか、--data-dir で別のディレクトリを指定してください。',
  config_invalid: '{source} の設定に誤りがあります: {reason}',
  data_dir_in_use:
    'データ ディレクトリ {directory} は、実行中のワークスペース (プロセス {pid}) が使用しています。lakelet down で停止するか、--data-dir で別のディレクトリを指定してください。',
  data_dir_foreign:
    'データ ディレクトリ {directory} は {owner} のものですが、現在のユーザーは {user} です。何も変更していません。{owner} としてワークスペースを起動するか、--data-dir で別のディレクトリを指定するか、停止中に所有者を変更してください: sudo chown -R {user} {directory}',
  data_dir_unusable:
    'データ ディレクトリ {directory} は使用できません: {reason}。--data-dir で別のディレクトリを指定してください。',
  disk_needs_root:
    '{what} はディスクをマウントします。これは root のみ可能です。sudo を付けて実行してください。',
  disk_unsupported:
    'このシステムでは、ファイルをディスクとしてマウントできません: {reason}。代わりに、データ ディレクトリを XFS、btrfs、または APFS に置いてください。それ以外では、ブランチはコピーされます。',
  disk_tool_missing:
    'プログラム {program} がありません。パッケージ {package} をインストールしてから (Debian、Ubuntu: apt install {package}、Fedora: dnf install {package})、もう一度実行してください。',
  disk_in_the_way: '{place} {why}. 何も変更していません。対処方法: {todo}.',
  disk_too_small:
    '{size} GB のディスクは小さすぎます。{least} GB 以上が必要です。何も変更していません。--size でより大きい値を指定してください。',
  disk_no_room:
    'ディスクはあと {needed} GB 大きくなる可能性がありますが、{directory} の空きは {free} GB です。何も変更していません。--size でより小さい値を指定するか、空きを増やしてください。',
  disk_missing:
    'データ ディレクトリ {directory} には専用のディスクがありません。sudo lakelet storage init で作成できます。',
  disk_image_missing:
    'データ ディレクトリ {directory} のディスクであるファイル {image} がありません。元に戻してください。別の場所にある場合は、その場所を {note} に書いてください。',
  disk_not_mounted:
    'データ ディレクトリ {directory} のディスクがマウントされていません。ワークスペースの内容はすべて {image} にあります。次のコマンドでマウントしてください: {command}',
  disk_failed: 'ディスクを準備できませんでした。{command}: {reason}',
  secrets_key_damaged:
    'ファイル {file} には、保存されたシークレットの鍵 (16 進数 64 桁) があるはずですが、別の内容になっています。コピーから復元してください。または別の場所に移すと、ワークスペースが新しい鍵を作成しますが、以前に保存したシークレットは保存し直す必要があります。',
  metadata_lost:
    'メタデータ ファイル {file} は {what} が、{directory} には {count} 個のブランチのデータがあります。何も変更していません。{remedy}',
  metadata_foreign:
    'メタデータ ファイル {file} は {owner} のもので、{directory} のブランチのものではありません。何も変更していません。{remedy}',
  metadata_damaged: 'メタデータ ファイル {file} は破損しています: {reason}。何も変更していません。{remedy}',
  file_damaged: 'ファイル {file} は使用できません: {reason}。{remedy}',
  port_busy:
    '{host} のポート {port} は別のプログラムが使用しています。それを停止するか、{flag} で別のポートを指定してください (0 = 空いている任意のポート)。',
  port_refused: '{host}:{port} で待ち受けできません: {reason}。{flag} で別のものを指定してください。',
  bind_needs_tls:
    '{host} で待ち受けると、TLS なしで他のマシンにワークスペースを公開することになるため、Lakelet では行いません。--host 127.0.0.1 を使用し、前段に TLS プロキシを置いてください。',
  postgres_package_missing:
    'Postgres がインストールされていません。npm パッケージ {package} がありません。そのパッケージが対応するプラットフォームで、--omit=optional を付けずに「npm ci」を実行してください。',
  postgres_installation_unusable:
    '{directory} の Postgres は使用できません: {reason}。設定 postgres.installation には bin/postgres のあるディレクトリ (例: /usr/lib/postgresql/NN) を指定します。npm のパッケージを使うには設定を外してください。それで作成したプロジェクトには、元の場所にそれが必要です。',
  postgres_download_failed:
    'Postgres {major} は最初に使うときに {package} として npm で取得しますが、失敗しました: {reason}。ここで npm ping が通ること (ネットワーク、レジストリ、プロキシ) を確かめ、やり直してください。取得したものは、このユーザーのすべてのワークスペースで使われます。',
}
