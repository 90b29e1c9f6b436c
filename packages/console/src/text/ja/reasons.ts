import type { Messages } from '../messages.ts'

export const reasons: Messages['reasons'] = {
  app_not_deployed: 'まだデプロイされていません。',
  app_not_running: '実行されていません。',
  default_expires: 'デフォルト ブランチに有効期限は設定できません。',
  expiring_default: '有効期限のあるブランチです。先に有効期限をなしにしてください。',
  expiring_parent: '有効期限のあるブランチからは作成できません。先に有効期限をなしにしてください。',
  parent_expires: '子ブランチがあるブランチに有効期限は設定できません。',
  protected_expires: '保護されたブランチに有効期限は設定できません。',
  root_expires: 'ルートブランチに有効期限は設定できません。',
  app_state: 'コンピュートの状態が合いません。停止中なら先に開始してください。',
  branch_has_children: 'このブランチから作成されたブランチがあります。先にそれらを削除してください。',
  branch_is_default: 'プロジェクトのデフォルト ブランチです。',
  branch_is_root: 'プロジェクトの最初のブランチです。プロジェクトと一緒に削除されます。',
  branch_not_ready: 'ブランチがまだ準備中です。',
  branch_protected: '保護されたブランチです。先に保護を解除してください。',
  compute_is_active: 'すでに起動しています。',
  compute_is_changing: '状態を変更しています。',
  compute_is_idle: 'すでにスリープしています。',
  deployment_in_progress: 'デプロイが進行中です。',
  endpoint_disabled: '無効になっています。先に有効化してください。',
  endpoint_is_disabled: 'エンドポイントが無効になっています。先に有効化してください。',
}
