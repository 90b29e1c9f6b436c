// Pages that the proxy itself shows on an app's address, in the language and the theme of the workspace's pages.
import type { AppLogLine, LakeletError } from '@lakelet/api'
import { html, type Html, type PageLook, standalonePage } from '@lakelet/theme/pages'
import { ANSI_STYLES, ansiParts } from '@lakelet/theme/ansi'
import { pageTexts } from './page-texts.ts'

/** A page and what it is sent with. */
export type AppPage = ReturnType<typeof standalonePage>

/**
 * A page that says in plain words why the app does not answer, with the `lines` of its log. `home` is the address of the workspace's own
 * pages.
 */
export async function statusPage(
  app: string,
  error: LakeletError,
  {
    look,
    home,
    lines,
  }: { readonly look: PageLook; readonly home: string; readonly lines: readonly AppLogLine[] },
): Promise<AppPage> {
  const reloads = error.code === 'app_unavailable' && error.params['reloads'] === 'yes'
  const texts = pageTexts[look.language]
  const text =
    look.language === 'ja' ? (await import('@lakelet/api/errors-ja')).sayInJapanese(error) : error.message
  const head = reloads ? html`<meta http-equiv="refresh" content="3" />` : html``
  const again = reloads ? html`<p class="dim" role="status">${texts.looksAgain}</p>` : html``
  const body = html`<h1><bdi>${app}</bdi></h1>
    <p>${texts.noAnswer}</p>
    <pre>${text}</pre>
    ${again} ${lines.length === 0 ? '' : lastLines(lines, texts)}
    ${links([
      ['/logz', texts.links.log],
      [`${home}/apps/${app}`, texts.links.workspace],
    ])}`
  return standalonePage({ title: app, head, isWide: lines.length > 0, body: () => body }, look)
}

function lastLines(lines: readonly AppLogLine[], texts: (typeof pageTexts)['en']): Html {
  const shown = lines.map(
    ({ timestamp, source, message }) =>
      `${new Date(timestamp * 1000).toISOString()} [${source}] ${(message.split('\n')[0] ?? '').replaceAll(COLOR, '')}`,
  )
  return html`<h2>${texts.lastLines}</h2>
    <pre tabindex="0" aria-label="${texts.lastLines}">${shown.join('\n')}</pre>`
}

/** A colour as the log holds it, where control characters are written out. */
const COLOR = /\\x1b\[[0-9;:]*m/g

/** The log of an app, live over `/logz/stream`. */
export function logPage(app: string, look: PageLook, home: string): AppPage {
  const { log, links: words } = pageTexts[look.language]
  const title = log.title(app)
  const body = (nonce: string) =>
    html`<h1>${title}</h1>
      ${links([
        ['/', words.app],
        [`${home}/apps/${app}`, words.workspace],
      ])}
      <p id="state" class="dim" role="status" data-live="${log.live}" data-away="${log.away}">
        ${log.connecting}
      </p>
      <pre id="log" tabindex="0" aria-label="${title}"></pre>
      <style nonce="${nonce}">
        ${{ markup: ANSI_STYLES }}
      </style>
      <script nonce="${nonce}">
        ${{ markup: LOG_SCRIPT }}
      </script>`
  return standalonePage({ title, isWide: true, body }, look)
}

function links(each: readonly (readonly [href: string, text: string])[]): Html {
  return html`<p>
    ${each.map(([href, text], index) => html`${index > 0 ? ' · ' : ''}<a href="${href}">${text}</a>`)}
  </p>`
}

const LOG_SCRIPT = `
${ansiParts.toString()}
// The log holds control characters as \\\\x1b; those of colours become what they were.
const terminal = (message) => message.replace(/\\\\x1b(\\[[0-9;:]*m)/g, '\\x1b$1')
function shown({ text, classes, color, background }) {
  const span = document.createElement('span')
  span.textContent = text
  span.className = classes
  if (color) span.style.color = color
  if (background) span.style.background = background
  return span
}
const log = document.getElementById('log'), state = document.getElementById('state')
function open() {
  const socket = new WebSocket(location.href.replace(/^http/, 'ws').replace(/\\/logz.*$/, '/logz/stream'))
  socket.onopen = () => { state.textContent = state.dataset.live; log.textContent = ''; socket.send('') }
  socket.onclose = () => { state.textContent = state.dataset.away; setTimeout(open, 2000) }
  socket.onmessage = (event) => {
    if (event.data === '\\0') return
    const line = JSON.parse(event.data), atEnd = innerHeight + scrollY >= document.body.scrollHeight - 40
    log.append(new Date(line.timestamp * 1000).toISOString() + ' [' + line.source + '] ', ...ansiParts(terminal(line.message)).map(shown), '\\n')
    if (atEnd) scrollTo(0, document.body.scrollHeight)
  }
}
open()`
