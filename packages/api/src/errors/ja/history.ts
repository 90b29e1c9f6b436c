import type { historyErrors } from '../history.ts'

/** Errors about the past of branches, in Japanese. */
export const history: Readonly<Record<keyof typeof historyErrors, string>> = {
  archive_conflict:
    'ブランチのアーカイブには、{name} という名前で別の内容がすでにあります。アーカイブは上書きされません。2 つのサーバーが 1 つのデータディレクトリに書き込んだ可能性があります。このブランチから新しいブランチを作成してください。新しいアーカイブが始まります。',
  history_not_begun:
    'WRONG_LSN_OR_TIMESTAMP: {moment} には到達できません。元のブランチの履歴はまだ始まっていません。1 分ほど待ってからもう一度試すか、現在の状態からブランチを作成してください。',
  history_not_reached:
    'WRONG_LSN_OR_TIMESTAMP: {moment} は元のブランチの履歴の範囲外です。履歴は {from} から {to} までです。その間の時点を指定してください。',
  moment_time_invalid:
    "'{text}' は時点として読めません。2026-01-31T12:00:00.5+09:00 のように、タイムゾーン付きの RFC 3339 で書いてください。",
  moment_lsn_invalid: "'{text}' はログの位置として読めません。0/1A2B3C のように書いてください。",
  past_moments_limit:
    '過去の {limit} 個の時点がすでに読まれており、これ以上同時に開けません。読んでいる接続を閉じるか、lakelet.toml の timeTravel.maxMoments を増やしてください。',
  time_travel_off: 'このワークスペースでは過去の読み取りが無効です (timeTravel.maxMoments が 0 です)。',
  role_not_then: 'ロール "{role}" は {moment} には存在しませんでした',
}
