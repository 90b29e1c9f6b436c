// The peer of the console: a page of Vite and React with nothing in it but a heading, two views, a text that is fetched, and a list to
// scroll. Built with the versions of the console, served from memory, compressed.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const SOURCE = `import { useState } from 'react'
import { createRoot } from 'react-dom/client'
function Page() {
  const [view, setView] = useState('One')
  const [rows, setRows] = useState([])
  const run = async () => setRows((await (await fetch('/rows')).text()).split('\\n'))
  return <main>
    <h1>{view}</h1>
    <a href="#one" onClick={() => setView('One')}>One</a> <a href="#two" onClick={() => setView('Two')}>Two</a>
    <button onClick={run}>Run</button>
    <p id="count">{rows.length}</p>
    <div id="list" style={{ height: 400, overflow: 'auto' }}>{rows.slice(0, 1000).map((row, at) => <p key={at} style={{ height: 28, margin: 0 }}>{row}</p>)}</div>
  </main>
}
createRoot(document.getElementById('root')).render(<Page />)
`
const ROOT = path.dirname(import.meta.dirname)

/** Builds the page below `directory` and serves it; `rows` is what it fetches. */
export async function startBarePage(
  directory: string,
  rows: string,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const outDir = path.join(directory, 'dist')
  await mkdir(directory, { recursive: true })
  await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'))
  await writeFile(path.join(directory, 'main.jsx'), SOURCE)
  const html = '<!doctype html><html lang="en"><title>Bare</title><div id="root"></div>'
  await writeFile(
    path.join(directory, 'index.html'),
    `${html}<script type="module" src="/main.jsx"></script>`,
  )
  await build({
    root: directory,
    configFile: false,
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic' } },
    build: { outDir, target: 'baseline-widely-available' },
  })
  const files = new Map([
    ['/', gzipSync(readFileSync(path.join(outDir, 'index.html')))],
    ['/rows', gzipSync(rows)],
    ...readdirSync(path.join(outDir, 'assets')).map(
      (name) => [`/assets/${name}`, gzipSync(readFileSync(path.join(outDir, 'assets', name)))] as const,
    ),
  ])
  const server = createServer((request, reply) => {
    const url = request.url ?? ''
    const type = url.endsWith('.js') ? 'text/javascript' : url === '/rows' ? 'text/plain' : 'text/html'
    const file = files.get(url)
    reply.writeHead(file ? 200 : 404, { 'content-type': type, 'content-encoding': 'gzip' })
    reply.end(file ?? gzipSync(''))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
