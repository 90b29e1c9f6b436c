import { appsRoutes, signInRoutes } from '@lakelet/api'
import { defineCommand } from '../command/define-command.ts'
import { openBrowser } from '../config/browser-login.ts'

export const open = defineCommand({
  path: ['open'],
  summary: 'Open the workspace or an app in a browser, signed in as you',
  description:
    'Prints a link that signs one browser in, once and within half an hour, and opens it. With BROWSER=none it is only printed.',
  arguments: { app: { summary: 'name of an app; the workspace itself when left out', optional: true } },
  examples: [{ run: 'lakelet open my-lakebase-app', does: 'shows the page of the app' }],
  async handler({ workspace, out, signal, terminal }, { arguments: { app: name } }) {
    const { client } = await workspace()
    const app =
      name === undefined ? undefined : await client.call(appsRoutes.get, { params: { name } }, signal)
    const body = app ? { next: app.url } : {}
    const { url } = await client.call(signInRoutes.createLink, { body }, signal)
    out.data({ url }, { lines: [url] })
    openBrowser(url, terminal)
  },
})
