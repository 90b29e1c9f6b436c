import type { ReasonCode } from '../reasons.ts'

/** Why a value is refused, in Japanese. */
export const reasons: Readonly<Record<ReasonCode, string>> = {
  protected_expires:
    '保護されたブランチに有効期限は設定できません。有効期限をなしにするか、保護を外してください。',
  reset_root: 'ほかのブランチから作成されていないブランチには、リセット元の親がありません。',
  reset_protected: '保護されたブランチはリセットできません。先に保護を外してください。',
  reset_parent:
    'このブランチから作成されたブランチ ({children}) がある間は、リセットできません。先にそれらを削除するか、親から新しいブランチを作成してください。',
  undelete_parent_first:
    'ブランチ「{branch}」は、作成元の「{parent}」が削除されている間は元に戻せません。先に「{parent}」の削除を取り消してください。',
  undelete_expiring_parent:
    '有効期限のあるブランチは子を持てないため、作成元の「{parent}」に有効期限がある間は、ブランチ「{branch}」を元に戻せません。先に「{parent}」の有効期限をなしにしてください。',
  reset_parent_gone:
    'ブランチ「{branch}」の親は削除されているため、親からリセットできません。親の削除を取り消すか、ほかのブランチから新しいブランチを作成してください。',
  second_protected:
    'ブランチ「{branch}」がすでに保護されています。保護できるブランチはプロジェクトごとに 1 つです。',
  branch_of_project:
    'フィールド「{field}」には、このプロジェクトのブランチの完全な名前を指定してください (例: {example})。',
  immutable: 'フィールド「{field}」は作成後に変更できません。',
  exclusive: 'フィールド {fields} は同時に指定できません。どちらか一方だけを指定してください。',
  only_true:
    'フィールド「spec.no_expiry」に指定できるのは true だけです。代わりに spec.ttl または spec.expire_time を指定してください。',
  ttl_range:
    '有効期間 (spec.ttl) が {seconds} 秒になっています。1 秒から {most} 秒 (30 日) までの値を指定してください。',
  expire_time_range:
    '有効期限 (spec.expire_time) が {time} になっています。30 日以内の未来の時刻を指定してください。',
  never_suspended_size:
    '最大サイズ ({field}) が {size} CU です。{most} CU を超えるコンピュートは一時停止できません。ゼロへのスケールを「なし」にするか、最大サイズを下げてください。',
  min_above_max:
    '最小サイズ ({min} CU) が最大サイズ ({max} CU) を超えています。最小サイズを最大サイズ以下にしてください。',
  size_spread: '最小サイズと最大サイズの差が {spread} CU です。差は {most} CU 以内にしてください。',
  size_range:
    'サイズ ({field}) が {size} になっています。{least} から {most} CU まで、0.5 CU 単位で指定してください。',
  suspend_range:
    'ゼロへのスケールまでの時間 ({field}) が {time} になっています。{least} から {most} までの値を指定してください。',
  pg_setting: 'Postgres の設定「{name}」は使用できません ({field}): {problem}',
  pg_settings_together: 'この設定 ({field}) では Postgres が起動しません: {problem}',
  group_size: 'フィールド「{field}」の min と max は等しく、1 から {most} まででなければなりません。',
  never_suspended_group:
    'フィールド「{field}」はコンピュートを {size} 個要求していますが、複数のコンピュートのグループは一時停止できません。{no_suspension} を設定してください。',
  default_branch_at_creation:
    'デフォルト ブランチは作成時には指定できません。新しいプロジェクトのデフォルト ブランチは「{branch}」です。',
  retention_range:
    '復元ウィンドウが {time} になっています。{least} 秒から {most} 秒までの値を指定してください。',
  mask_needs_values: 'update_mask「{mask}」には {fields} の値が必要です。',
  oauth_needs_identity:
    'OAuth ロールには ID (ユーザー、サービスプリンシパル、グループ) が必要です。spec.identity_type を指定してください。',
  identity_without_password: 'ID を持つロールは OAuth でログインするため、パスワードは使用できません。',
  name_empty: '名前が空です',
  name_zero_byte: 'ゼロ バイトが含まれています',
  name_too_long: '63 バイトを超えています',
  name_reserved: '予約された名前です',
  password_of_identity: 'ID としてデータベース資格情報でログインするロールです',
  password_none: "パスワードがありません。ALTER ROLE … PASSWORD '…' で設定してください",
  password_by_sql: 'SQL で設定されたもので、Postgres は検証用の値だけを保持しています',
  resource_twice: '同じ名前が 2 回指定されています。',
  resource_kinds: '{kinds} が一緒に指定されています。それぞれ別のリソースにしてください。',
  resource_nothing:
    '対象が指定されていません。データベース (postgres) またはシークレット (secret) を指定してください。',
  resource_branch: '「{branch}」は projects/<project>/branches/<branch> の形式ではありません。',
  branch_name: '「{branch}」はブランチの名前ではありません。projects/…/branches/… の形式で指定してください。',
  deployment_not_succeeded: '成功していません',
  deployment_swept: 'ファイルがもう保存されていません',
  app_has_no_resources: '。アプリにリソースがありません',
  app_resources_are: '。アプリのリソース: {known}',
  app_starting: 'デプロイ中です。このページは自動的に再確認します。',
  app_stopped: '停止しています。先に開始してください。',
  app_crashed: 'クラッシュしました。自動的に再起動されます。\n{message}',
  app_undeployed: 'まだデプロイされていません。',
  app_deployment_failed: 'まだデプロイされていません。最後のデプロイは失敗しました:\n{message}',
  secret_too_large: '値が {size} バイトあります。シークレットの値は {most} バイトまでです。',
  only_one_of: '{fields} のうち指定できるのは 1 つだけです。',
  not_base64: 'フィールド「{field}」は base64 ではありません。',
  credential_life: '資格情報の有効期間は {least} 秒から {most} 秒までです ({asked} 秒が指定されました)。',
  scope_unknown: 'スコープ「{scope}」は存在しません。',
  initial_manager:
    'initial_manage_principal に指定できるのは「{users}」だけです (指定された値: {given})。省略し、作成後にアクセス リストで権限を付与してください。',
  lifetime_range: '有効期間は 1 秒から {most} 秒までです。',
  cannot_update: 'フィールド「{field}」は変更できません。',
  display_name_required: '名前を入力してください。',
  group_in_itself: 'グループを、そのグループ自身 (または下位のグループ) のメンバーにすることはできません。',
  no_principal: 'ID {id} のプリンシパルは存在しません。',
  not_a_group: '{id} はグループではありません。',
  object_type_unknown: '「{type}」は権限を設定できる種類ではありません。使用できる種類: {known}',
  level_unknown: '権限レベル「{level}」は {type} には付与できません。使用できるレベル: {known}',
  one_principal:
    '各行には user_name、group_name、service_principal_name のうちちょうど 1 つを指定してください。',
  path_slash: 'が「/」で始まっていません',
  path_too_long: 'が {most} バイトを超えています',
  path_dots: 'に「{name}」を含めることはできません',
  path_control: 'に制御文字を含めることはできません',
  path_backslash: 'にバックスラッシュを含めることはできません',
  path_unicode: 'が正しい Unicode ではありません',
  path_name_long: 'に {most} バイトを超える名前が含まれています',
  not_a_notebook: '内容が Jupyter ノートブックではありません。',
  page_token: 'page_token がこの一覧のものではありません。指定せずにやり直してください。',
  mask_unknown: 'update_mask の「{field}」は変更できません。指定できるフィールド: {known}',
  mask_unset: 'update_mask に「{field}」がありますが、リクエスト本文に値がありません。',
  not_json: 'リクエスト本文が正しい JSON ではありません: {problem}',
  url_unreadable: 'URL をデコードできません。',
  length_wrong: '本文の長さが Content-Length と一致しません。',
  unreadable: 'リクエストを読み取れません。',
  field: 'フィールド「{field}」: {problem}',
  zero_byte: 'ゼロ バイトを含めることはできません',
  half_surrogate: 'Unicode として不完全です (サロゲート ペアの片方だけが含まれています)',
  out_of_range: '数値が範囲外です',
  field_name: '「__proto__」はフィールド名に使用できません',
  request: 'リクエスト: {problem}',
  field_sentence: 'フィールド「{field}」: {problem}',
  nested: 'リクエストの入れ子が {most} 段を超えています。',
  no_folder: 'はファイルです。アプリのフォルダーを指定してください。',
  default_expires: 'デフォルト ブランチに有効期限は設定できません。',
  snapshot_of_child:
    'ブランチ「{branch}」はほかのブランチから作成されています。スナップショットを作成できるのはルートブランチだけです。このブランチから新しいブランチを作成するか、ルートブランチを指定してください。',
  snapshot_not_ready: 'スナップショット「{snapshot}」はまだ作成中です。操作が終わるまでお待ちください。',
  snapshot_alone:
    'フィールド {field} を指定するときは {others} を指定できません。データはスナップショットから作られます。',
  snapshot_of_project:
    'フィールド {field} には、このプロジェクトのスナップショットの完全な名前 (例: {example}) を指定してください。',
  snapshot_ttl: 'フィールド spec.ttl は {seconds} 秒です。1 秒以上にしてください。',
  snapshot_expire_time: 'フィールド spec.expire_time は {time} です。未来の時刻を指定してください。',
  cadence_kind:
    'フィールド schedule の各項目には daily_schedule、weekly_schedule、monthly_schedule のうち 1 つだけを指定してください。項目 {entry} には {count} 個あります。',
  cadence_retention:
    'フィールド schedule: 項目 {entry} の保持期間は {seconds} 秒です。{least} 秒以上にしてください。',
  root_expires: 'ルートブランチに有効期限は設定できません。',
  parent_expires: '子ブランチがあるブランチに有効期限は設定できません。',
  expiring_default:
    'ブランチ「{branch}」には有効期限があるため、デフォルト ブランチにはできません。先に有効期限をなしにしてください。',
  expiring_parent:
    'ブランチ「{branch}」には有効期限があるため、そこからブランチを作成できません。先に有効期限をなしにしてください。',
  value_required: '値が必要です',
  value_type: '値の種類が違います ({expected} が必要です)',
  text_too_short: '{least} 文字以上で入力してください',
  text_too_long: '{most} 文字以内で入力してください',
  number_too_small: '{least} 以上の数値を指定してください',
  number_too_large: '{most} 以下の数値を指定してください',
  list_too_short: '{least} 個以上必要です',
  list_too_long: '{most} 個以内にしてください',
  value_unknown: '次のいずれかを指定してください: {values}',
  value_format: '形式が正しくありません ({message})',
  value_wrong: '値が正しくありません ({message})',
  scim_required: '「{field}」を入力してください。',
  scim_name_long: '「{field}」は {most} バイトまでです (Postgres のロール名の上限と同じです)。',
  scim_control: '「{field}」に制御文字を含めることはできません。',
  scim_email: 'メールアドレスを入力してください。',
  scim_uuid: 'クライアント ID は UUID でなければなりません。',
  scim_text: '「{field}」は 1024 文字以内のテキストでなければなりません。',
  scim_flag: '「{field}」は true または false でなければなりません。',
}
