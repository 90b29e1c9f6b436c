// The texts of the pages on an app's address, in both languages. English is the type, so none can be missing in the other.
const en = {
  noAnswer: 'The app does not answer. What the workspace knows of it:',
  links: { app: 'The app', log: 'Its log', workspace: 'The app in the workspace' },
  looksAgain: 'This page looks again by itself.',
  lastLines: 'The last lines of its log',
  log: {
    title: (app: string) => `${app}: log`,
    connecting: 'connecting …',
    live: 'live',
    away: 'disconnected, trying again …',
  },
}

const ja: typeof en = {
  noAnswer: 'アプリが応答しません。ワークスペースが把握している状態:',
  links: { app: 'アプリ', log: 'ログ', workspace: 'ワークスペースでのアプリ' },
  looksAgain: 'このページは自動的に再確認します。',
  lastLines: 'ログの末尾',
  log: {
    title: (app) => `${app}: ログ`,
    connecting: '接続しています …',
    live: 'ライブ',
    away: '切断されました。再接続しています …',
  },
}

export const pageTexts = { en, ja } as const
