// A workspace with apps in a process of its own, to be killed: it serves one app, begins a deployment that does not end, says so on
// its standard output, and waits.
import { startAppsApi, visit } from './apps-api.ts'

/** What it says, as one line of JSON. */
export interface Said {
  readonly url: string
  /** Pids of the app and of the build that does not end. */
  readonly serving: number
  readonly building: number
}

const [directory = ''] = process.argv.slice(2)
const api = await startAppsApi({ directory })
const server = `require('node:http')
  .createServer((request, reply) => reply.end(String(process.pid)))
  .listen(process.env.DATABRICKS_APP_PORT)`
const { body: app } = await api.call('POST', '/api/2.0/apps', { name: 'survivor' })
await api.upload('/Shared/good', { 'app.yaml': `command: ['${process.execPath}', 'a.js']`, 'a.js': server })
await api.deploy('survivor', { source_code_path: '/Workspace/Shared/good' })
const build = `node -e "console.log('building ' + process.pid); setTimeout(() => {}, 600000)"`
await api.upload('/Shared/slow', {
  'package.json': JSON.stringify({ scripts: { build, start: 'node a.js' } }),
})
void api.deploy('survivor', { source_code_path: '/Workspace/Shared/slow' })
let building: string | undefined
while (building === undefined) {
  const { body } = await api.call('GET', '/api/2.0/lakelet/apps/survivor/logs')
  building = body.lines
    .map((line) => /^building (\d+)$/.exec(line.message)?.[1])
    .find((pid) => pid !== undefined)
}
const serving = (await visit(app.url)).text
const said: Said = { url: app.url, serving: Number(serving), building: Number(building) }
console.log(JSON.stringify(said))
