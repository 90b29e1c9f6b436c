// The texts of the pages of signing in, in both languages. English is the type, so a text that is missing in the other does not compile.
import { html, type Html } from '@lakelet/theme/pages'

const en = {
  signIn: {
    title: 'Sign in',
    how: 'This workspace belongs to somebody at this machine. To sign in, open the sign-in link from its terminal:',
    printed: (up: Html) => html`the link that ${up} printed when it started, if it has not been used, or`,
    fresh: (open: Html) => html`a new one: run ${open} on the machine.`,
    once: 'A link works once and for a short time.',
    comeBack: 'When you are signed in, come back to this tab.',
    goOn: 'I am signed in: continue',
    confirmTitle: 'Sign in to the workspace?',
    confirm: 'This link signs this browser in.',
    spentTitle: 'This sign-in link does not work any more',
    spent: (open: Html) =>
      html`It was used already or is too old. Run ${open} on the machine to get a new one.`,
  },
  refused: {
    title: 'Refused',
    text: 'The form was not sent from a page of this workspace. Go back, reload the page and try again.',
  },
  ended: {
    title: 'Sign-in ended',
    text: 'This sign-in is no longer open. Start it again from the program that sent you here.',
  },
  failed: {
    title: 'Sign-in failed',
    text: 'The program that sent you here asked for something that the workspace does not give. Start again from there. Its words for who wrote that program:',
  },
  consent: {
    pageTitle: 'Sign in',
    title: (client: Html) => html`Let ${client} act for you?`,
    who: (user: Html) => html`You are signed in as ${user}. It asks to:`,
    answer: (host: string) =>
      `The answer goes to ${host}. Allow this only if you have just started a sign-in yourself.`,
    allow: 'Allow',
    deny: 'Deny',
  },
  scopes: {
    'all-apis': 'use every API of this workspace with your rights',
    offline_access: 'stay signed in until you revoke it',
    postgres: 'use Postgres projects and log in to their databases',
    openid: 'learn who you are',
    email: 'learn your e-mail address',
    profile: 'learn your name',
  } as Readonly<Record<string, string>>,
}

export type PageTexts = typeof en

const ja: PageTexts = {
  signIn: {
    title: 'サインイン',
    how: 'このワークスペースは、このマシンの利用者のものです。サインインするには、ターミナルに表示されたサインイン用リンクを開いてください。',
    printed: (up) => html`${up} の起動時に表示されたリンク (未使用の場合)、または`,
    fresh: (open) => html`新しいリンク: このマシンで ${open} を実行すると取得できます。`,
    once: 'リンクは短時間、一度だけ使用できます。',
    comeBack: 'サインインしたら、このタブに戻ってください。',
    goOn: 'サインインしたので続行する',
    confirmTitle: 'ワークスペースにサインインしますか?',
    confirm: 'このリンクにより、このブラウザーがサインインします。',
    spentTitle: 'このサインイン用リンクは使用できません',
    spent: (open) =>
      html`すでに使用されたか、有効期限が切れています。このマシンで ${open}
      を実行すると、新しいリンクを取得できます。`,
  },
  refused: {
    title: '拒否されました',
    text: 'このフォームは、このワークスペースのページから送信されていません。前のページに戻り、再読み込みしてからやり直してください。',
  },
  ended: {
    title: 'サインインは終了しました',
    text: 'このサインインはすでに終了しています。呼び出し元のプログラムからやり直してください。',
  },
  failed: {
    title: 'サインインに失敗しました',
    text: '呼び出し元のプログラムが、このワークスペースでは提供できないものを要求しました。そのプログラムからやり直してください。プログラムの開発者向けのメッセージ:',
  },
  consent: {
    pageTitle: 'サインイン',
    title: (client) => html`${client} に代理での操作を許可しますか?`,
    who: (user) => html`${user} としてサインインしています。要求されている権限:`,
    answer: (host) => `回答は ${host} に送信されます。自分でサインインを始めた場合にだけ許可してください。`,
    allow: '許可',
    deny: '拒否',
  },
  scopes: {
    'all-apis': 'あなたの権限で、このワークスペースのすべての API を使用する',
    offline_access: '取り消されるまでサインインしたままにする',
    postgres: 'Postgres プロジェクトを使用し、データベースにログインする',
    openid: 'あなたが誰であるかを知る',
    email: 'あなたのメールアドレスを知る',
    profile: 'あなたの名前を知る',
  },
}

export const pageTexts = { en, ja } as const
