import type { historyErrors } from '../history.ts'

/** Errors about the past of branches, in Japanese. */
export const history: Readonly<Record<keyof typeof historyErrors, string>> = {
  archive_conflict:
    'ブランチのアーカイブには、{name} という名前で別の内容がすでにあります。アーカイブは上書きされません。2 つのサーバーが 1 つのデータディレクトリに書き込んだ可能性があります。このブランチから新しいブランチを作成してください。新しいアーカイブが始まります。',
  history_not_begun:
    'WRONG_LSN_OR_TIMESTAMP: {moment} には到達できません。元のブランチの履歴はまだ始まっていません。1 分ほど待ってからもう一度試すか、現在の状態からブランチを作成してください。',
  history_not_reached:
    'WRONG_LSN_OR_TIMESTAMP: {moment} は元のブランチの履歴の範囲外です。履歴は {from} から {to} までです。その間の時点を指定してください。',
}
