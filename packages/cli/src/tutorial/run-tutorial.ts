// `lakelet up --tutorial`: the whole tutorial as a client of the workspace. Running it again changes nothing that is done.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { CommandContext } from '../command/context.ts'
import { Failure, failureOf } from '../command/failure.ts'
import { currentUser } from '../commands/current-user/me.ts'
import { clientFor } from '../config/connect.ts'
import { ownersTokens } from '../config/owners-client.ts'
import { DATABASE } from '../postgres/connection.ts'
import { databaseCredential } from '../postgres/credential.ts'
import { openSqlSession } from '../postgres/sql-session.ts'
import {
  APP,
  type Done,
  type StepContext,
  createApp,
  createNotes,
  createProject,
  createRole,
  deploy,
  waitForPage,
  writeSource,
} from './steps.ts'

export const TEMPLATES = ['notes-flask', 'notes-node'] as const

type Template = (typeof TEMPLATES)[number]

/** What a client is told of a running workspace. */
export interface RunningWorkspace {
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly caFile: string
  /** Holds the owner's token. */
  readonly configFile: string
}

export interface TutorialResult {
  readonly appUrl: string
}

/** Performs what is left to do, with a line of progress for each step. */
export async function runTutorial(
  context: CommandContext,
  workspace: RunningWorkspace,
  asked: Template | undefined,
): Promise<TutorialResult> {
  const { terminal, signal, out } = context
  const tokens = await ownersTokens(terminal, workspace)
  const client = clientFor(workspace.host, tokens, terminal)
  const step: StepContext = { client, signal }
  const progress = new Progress((line) => out.note(line))
  const owner = await currentUser(client, signal)
  const folder = `/Workspace/Users/${owner.userName}/${APP}`

  const { app } = await progress.step(`App ${APP}`, async () => {
    const template = asked ?? (await chooseTemplate((line) => out.note(line)))
    return createApp(step, template)
  })
  const { endpoint } = await progress.step('Project my-app-db', () => createProject(step))
  const clientId = app.service_principal_client_id
  await progress.step('Role of the app', async () => {
    const credential = await databaseCredential(client, endpoint.name, signal)
    const login = {
      host: endpoint.status.hosts.host,
      port: workspace.postgres.port,
      caFile: workspace.caFile,
      user: owner.userName,
      password: credential.token,
    }
    await using session = await openSqlSession({ login, database: DATABASE, onNotice: () => {}, signal })
    const role = await createRole(session, clientId)
    const notes = await createNotes(session, clientId)
    return { done: [role, notes && `table notes ${notes}`].filter((each) => each).join(', ') || undefined }
  })
  const { done: changed } = await progress.step('Files of the app', async () => ({
    done: await writeSource(step, { app, endpoint, port: workspace.postgres.port, folder }),
  }))
  await progress.step('Deployment', async () => ({ done: await deploy(step, folder, changed !== undefined) }))
  const { url } = await progress.step('Page of the app', async () => {
    const { accessToken } = await tokens.token()
    const page = await waitForPage(step, terminal.fetch, accessToken)
    return { ...page, done: 'shows the notes' }
  })
  return { appUrl: url }
}

/** Says each step with what it did and how long it took. */
class Progress {
  readonly #note: (line: string) => void
  #number = 0

  constructor(note: (line: string) => void) {
    this.#note = note
  }

  async step<T extends { readonly done: Done }>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    this.#number++
    try {
      const result = await work()
      const took = ((performance.now() - started) / 1000).toFixed(1)
      this.#note(`${this.#number}. ${name}: ${result.done ?? 'was there'} (${took} s)`)
      return result
    } catch (error) {
      const failure = failureOf(error)
      throw new Failure(`Step ${this.#number}, ${name}: ${failure.message}`, {
        ...(failure.todo ? { todo: failure.todo } : {}),
        exitCode: failure.exitCode,
        cause: error,
      })
    }
  }
}

const PYTHON_CHECK = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 9) else 3)'

/** The Flask app of the original tutorial where Python can run it, else the one for Node. */
async function chooseTemplate(note: (line: string) => void): Promise<Template> {
  try {
    await promisify(execFile)('python3', ['-c', PYTHON_CHECK])
    return 'notes-flask'
  } catch {
    note(
      'No python3 of version 3.9 or newer with venv here, so the app is made from notes-node instead of notes-flask.',
    )
    return 'notes-node'
  }
}
