// The workspace of `lakelet dev`: the one that commands find, or one that is started for as long as it is needed.
import type { CommandContext } from '../command/context.ts'
import { poll } from '../command/poll.ts'
import { withProgress } from '../command/progress.ts'
import { connectWorkspace, type WorkspaceConnection } from '../config/connect.ts'
import { refuseForeignDataDirectory } from '../config/data-directory.ts'
import { NotRunning, dataDirOf, isAlive } from '../config/local-workspace.ts'
import { NothingConfigured } from '../config/resolve.ts'
import { startDetached } from '../local/detached.ts'

export interface DevWorkspace extends AsyncDisposable {
  readonly connection: WorkspaceConnection
  readonly isStarted: boolean
}

const START_MS = 600_000
const STOP_MS = 60_000

/** Finds it, or starts it where the directory, a variable or a link says that it would be; stops at the end only what it started. */
export async function workspaceForDev(context: CommandContext): Promise<DevWorkspace> {
  const { terminal } = context
  try {
    return { connection: await context.workspace(), isStarted: false, [Symbol.asyncDispose]: async () => {} }
  } catch (error) {
    if (error instanceof NotRunning) return startedIn(context, error.dataDir)
    if (error instanceof NothingConfigured) return startedIn(context, dataDirOf(terminal, undefined))
    throw error
  }
}

async function startedIn({ terminal, signal }: CommandContext, dataDir: string): Promise<DevWorkspace> {
  await refuseForeignDataDirectory(dataDir)
  const child = startDetached(terminal, dataDir, ['up', '--data-dir', dataDir])
  await withProgress(terminal, 'Starting the workspace', () => child.ready(START_MS, signal))
  const stop = async (): Promise<void> => {
    if (!isAlive(child.pid)) return
    process.kill(child.pid, 'SIGTERM')
    await withProgress(terminal, 'Stopping the workspace', () =>
      poll(async () => (isAlive(child.pid) ? undefined : true), {
        what: `The end of process ${child.pid}`,
        timeoutMs: STOP_MS,
        signal: new AbortController().signal,
      }),
    )
  }
  try {
    const connection = await connectWorkspace(terminal, { profile: undefined, dataDir })
    return { connection, isStarted: true, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}
