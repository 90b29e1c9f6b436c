// The tutorial as its reader performs it, with the CLI, the REST API, SQL and a browser's requests: used by the tests of both
// templates.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type IncomingMessage, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestWorkspace, environment, runCommand } from './workspace.ts'

export const APP = 'my-lakebase-app'

/** The page's items, newest first. */
export const NOTES = [
  'Data fetched from your database',
  'This app connects to Postgres',
  'Welcome to Lakebase Autoscaling!',
]

export interface NotesApp {
  readonly clientId: string
  /** Where the template's files are in the workspace. */
  readonly template: string
  /** Workspace folder that it is deployed from. */
  readonly folder: string
  /** Local folder with its files. */
  readonly local: string
}

/** Steps 1 to 3 of the tutorial but for the GRANT on the table: app, project, role, table, rows, files, app.yaml. */
export async function prepareNotesApp(workspace: TestWorkspace, template: string): Promise<NotesApp> {
  const created = JSON.parse(await workspace.cli(['apps', 'create', APP, '--template', template])) as {
    service_principal_client_id: string
    default_source_code_path: string
  }
  await workspace.cli(['postgres', 'create-project', 'my-app-db'])
  const clientId = created.service_principal_client_id
  await workspace.cli(['sql'], {
    input: `CREATE EXTENSION IF NOT EXISTS databricks_auth;
SELECT databricks_create_role('${clientId}', 'service_principal');
GRANT CONNECT ON DATABASE databricks_postgres TO "${clientId}";
GRANT CREATE, USAGE ON SCHEMA public TO "${clientId}";`,
  })
  await workspace.cli(['sql'], {
    input: `CREATE TABLE notes (
  id SERIAL PRIMARY KEY,
  content TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO notes (content) VALUES
  ('Welcome to Lakebase Autoscaling!'),
  ('This app connects to Postgres'),
  ('Data fetched from your database');`,
  })
  const local = path.join(workspace.directory, template)
  await workspace.cli(['workspace', 'export-dir', created.default_source_code_path, local])
  const app = {
    clientId,
    template: created.default_source_code_path,
    folder: `/Workspace/Users/${workspace.user}/${APP}`,
    local,
  }
  await fillInAppYaml(workspace, app)
  return app
}

/** Step 2's last line, which prepareNotesApp leaves out. */
export async function grantOnNotes(workspace: TestWorkspace, clientId: string): Promise<void> {
  await workspace.cli(['sql', `GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE notes TO "${clientId}"`])
}

/** Puts the values of the Connect dialog in the places that app.yaml leaves open. */
async function fillInAppYaml(workspace: TestWorkspace, app: NotesApp): Promise<void> {
  const [endpoint] = JSON.parse(
    await workspace.cli(['postgres', 'list-endpoints', 'projects/my-app-db/branches/production']),
  ) as { name: string; status: { hosts: { host: string } } }[]
  if (!endpoint) throw new Error('the branch has no endpoint')
  await replaceInFile(path.join(app.local, 'app.yaml'), {
    '<your-endpoint-hostname>': endpoint.status.hosts.host,
    "'<DATABRICKS_CLIENT_ID>'": `'${app.clientId}'`,
    "'5432'": `'${workspace.postgres.port}'`,
    'projects/<project-id>/branches/<branch-id>/endpoints/<endpoint-id>': endpoint.name,
  })
}

/** Replaces texts that must be there. */
export async function replaceInFile(file: string, texts: Readonly<Record<string, string>>): Promise<void> {
  let content = await readFile(file, 'utf8')
  for (const [before, after] of Object.entries(texts)) {
    if (!content.includes(before)) throw new Error(`${file} does not contain ${before}:\n${content}`)
    content = content.replace(before, after)
  }
  await writeFile(file, content)
}

/** Step 4: sync and deploy. */
export async function deployNotesApp(workspace: TestWorkspace, app: NotesApp): Promise<void> {
  await workspace.cli(['sync', app.local, app.folder])
  await workspace.cli(['apps', 'deploy', APP, '--source-code-path', app.folder])
}

export interface Page {
  readonly status: number
  readonly text: string
}

/** Opens the deployed app as the owner. */
export async function openApp(workspace: TestWorkspace): Promise<Page> {
  const { url } = JSON.parse(await workspace.cli(['apps', 'get', APP])) as { url: string }
  return getPage(url, workspace.token)
}

/** Gets a page, signed in by a token when one is given. */
export async function getPage(url: string, token?: string): Promise<Page> {
  const reply = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  return { status: reply.status, text: await reply.text() }
}

/** The notes of a page in their order. */
export function notesOf({ text }: Page): string[] {
  const escaped = [...text.matchAll(/<li>(.*?) - [^<]*<\/li>/g)].map((match) => match[1] ?? '')
  return escaped.map((each) => each.replaceAll('&#39;', "'").replaceAll('&amp;', '&'))
}

/** "Test locally": runs the app on this machine as the owner with what `lakelet env` exports, or `env` in its place, and opens its page. */
export async function openLocally(
  workspace: TestWorkspace,
  app: Pick<NotesApp, 'local'>,
  commands: {
    readonly install: readonly string[]
    readonly run: readonly string[]
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<Page> {
  const exported = JSON.parse(await workspace.cli(['env', '--format', 'json'])) as Record<string, string>
  const port = await freePort()
  const env = {
    ...environment(workspace.home),
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`,
    ...exported,
    ...commands.env,
    DATABRICKS_APP_PORT: String(port),
  }
  const installed = await runCommand(commands.install, { cwd: app.local, env })
  if (installed.code !== 0)
    throw new Error(`${commands.install.join(' ')} failed:\n${installed.stdout}${installed.stderr}`)
  const [command = '', ...args] = commands.run
  const child = spawn(command, args, {
    cwd: app.local,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const ended = once(child, 'close')
  try {
    for (let tries = 0; tries < 150; tries++) {
      if (child.exitCode !== null) break
      const page = await getPage(`http://127.0.0.1:${port}`).catch(() => undefined)
      if (page) return page
      await sleep(200)
    }
    throw new Error(`${commands.run.join(' ')} does not answer:\n${log}`)
  } finally {
    // npm runs the app in a process of its own: the whole group ends.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await ended
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Stands between an app and the workspace's API and counts how often credentials are asked for. */
export class CredentialCounter implements AsyncDisposable {
  readonly host: string
  readonly #server: ReturnType<typeof createServer>
  readonly #count: { asked: number }

  constructor(server: ReturnType<typeof createServer>, count: { asked: number }) {
    this.#server = server
    this.#count = count
    this.host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  get asked(): number {
    return this.#count.asked
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Starts a counter in front of the workspace. */
export async function startCredentialCounter(
  workspace: TestWorkspace,
  port: number,
): Promise<CredentialCounter> {
  const target = new URL(workspace.host)
  const count = { asked: 0 }
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'POST' && incoming.url === '/api/2.0/postgres/credentials') count.asked++
    const headers = { ...incoming.headers, host: target.host }
    const forwarded = request(
      { host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers },
      (reply: IncomingMessage) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
        reply.pipe(outgoing)
      },
    )
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return new CredentialCounter(server, count)
}
