// Pages that the proxy itself shows on an app's address.
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem;color:#1b1f24;background:#fff}' +
  'pre{background:#f4f5f7;padding:1rem;overflow:auto;white-space:pre-wrap;font-size:13px}' +
  '@media(prefers-color-scheme:dark){body{background:#15181c;color:#e6e8eb}pre{background:#22262b}a{color:#8ab4f8}}'

/** A page that says in plain words why the app does not answer. */
export function statusPage(
  title: string,
  text: string,
  options: { readonly reloads?: boolean } = {},
): string {
  const reload = options.reloads ? '<meta http-equiv="refresh" content="3">' : ''
  return page(title, `<h1>${escapeHtml(title)}</h1><pre>${escapeHtml(text)}</pre>`, reload)
}

/** The log of an app, live over `/logz/stream`. */
export function logPage(app: string): string {
  const body = `<h1>${escapeHtml(app)}: log</h1><p id="state">connecting …</p><pre id="log"></pre>`
  return page(`${app}: log`, `${body}<script>${LOG_SCRIPT}</script>`, '')
}

const LOG_SCRIPT = `
const log = document.getElementById('log'), state = document.getElementById('state')
function open() {
  const socket = new WebSocket(location.href.replace(/^http/, 'ws').replace(/\\/logz.*$/, '/logz/stream'))
  socket.onopen = () => { state.textContent = 'live'; log.textContent = ''; socket.send('') }
  socket.onclose = () => { state.textContent = 'disconnected, trying again …'; setTimeout(open, 2000) }
  socket.onmessage = (event) => {
    if (event.data === '\\0') return
    const line = JSON.parse(event.data), atEnd = innerHeight + scrollY >= document.body.scrollHeight - 40
    log.append(new Date(line.timestamp * 1000).toISOString() + ' [' + line.source + '] ' + line.message + '\\n')
    if (atEnd) scrollTo(0, document.body.scrollHeight)
  }
}
open()`

function page(title: string, body: string, head: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>${head}<style>${STYLE}</style></head><body>${body}</body></html>`
}
