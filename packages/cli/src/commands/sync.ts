import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client, workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../command/define-command.ts'
import { parseDuration } from '../command/durations.ts'
import { Failure, usageFailure } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { refuseDataDirectory } from '../config/data-directory.ts'
import { forgetMissing } from '../sync/forget-missing.ts'
import { loadSnapshot } from '../sync/snapshot.ts'
import { type SyncOptions, syncFolder } from '../sync/sync-folder.ts'

export const sync = defineCommand({
  path: ['sync'],
  summary: 'Upload a folder to the workspace and keep the copy up to date',
  description:
    'Uploads what is new or changed since the last sync and deletes what was removed here. What git ignores is left out, and so are symbolic links, data directories of workspaces, and, unless --include names them, node_modules and .env files.',
  arguments: {
    src: { summary: 'local folder' },
    dst: { summary: 'absolute path of the workspace folder' },
  },
  options: {
    full: { summary: 'upload everything, whatever was uploaded before' },
    watch: { summary: 'go on watching for changes until interrupted' },
    interval: {
      value: 'DURATION',
      summary: 'time between looks with --watch',
      default: '1s',
      parse: parseDuration,
    },
    exclude: {
      value: 'PATTERN',
      summary: 'files to leave out, as in .gitignore; several with commas',
      repeat: true,
      separated: true,
    },
    excludeFrom: { value: 'FILE', summary: 'file with patterns to leave out, one a line' },
    include: {
      value: 'PATTERN',
      summary: 'files to upload although git ignores them; several with commas',
      repeat: true,
      separated: true,
    },
    includeFrom: { value: 'FILE', summary: 'file with patterns to upload, one a line' },
    dryRun: { summary: 'say what would be done and do nothing' },
  },
  examples: [
    { run: 'lakelet sync . /Workspace/Users/me@example.com/my-app', does: 'uploads this folder' },
    {
      run: 'lakelet sync --watch . /Workspace/Users/me@example.com/my-app',
      does: 'uploads each change as it is saved',
    },
  ],
  async handler({ workspace, out, signal, terminal }, { arguments: { src, dst }, options }) {
    const source = path.resolve(terminal.cwd, src)
    await requireFolder(source, src)
    const target = dst.replace(/(?<=.)\/+$/, '')
    const { client, host } = await workspace()
    if (!options.dryRun) await requireTarget(client, target, signal)
    const snapshot = await loadSnapshot(source, host, target)
    if (options.full) snapshot.files.clear()
    const selection = {
      exclude: [...options.exclude, ...(await patternsIn(terminal, options.excludeFrom))],
      include: [...options.include, ...(await patternsIn(terminal, options.includeFrom))],
    }
    const isDryRun = options.dryRun
    const { env } = terminal
    const pass: SyncOptions = { client, source, target, selection, env, snapshot, isDryRun, out, signal }
    await forgetMissing(pass)
    const { files } = await syncFolder(pass, 0)
    if (files.size === 0) {
      out.note(
        `${src} has no file to upload: it is empty, or git ignores all of it (--include takes files in).`,
      )
    }
    for (let number = 1; options.watch;) {
      if (!(await waited(options.interval, signal))) return
      const { put, delete: removed } = await syncFolder(pass, number)
      if (put.length + removed.length > 0) number++
    }
  },
})

async function patternsIn(terminal: Terminal, file: string | undefined): Promise<string[]> {
  if (file === undefined) return []
  try {
    return (await readFile(path.resolve(terminal.cwd, file), 'utf8')).split(/\r?\n/)
  } catch (error) {
    throw usageFailure(`The file of patterns ${file} cannot be read: ${(error as Error).message}`)
  }
}

async function requireFolder(source: string, given: string): Promise<void> {
  const info = await stat(source).catch(() => undefined)
  if (!info) throw usageFailure(`There is no folder ${given}.`)
  if (!info.isDirectory()) throw usageFailure(`${given} is not a folder.`)
  await refuseDataDirectory(source)
}

/** Makes the workspace folder when it is missing. */
async function requireTarget(client: Client, target: string, signal: AbortSignal): Promise<void> {
  if (!target.startsWith('/')) {
    throw usageFailure(
      `'${target}' is not an absolute workspace path.`,
      'Use a path such as /Workspace/Users/<email>/my-app.',
    )
  }
  const call = { query: { path: target } }
  let type: string | undefined
  try {
    type = (await client.call(workspaceRoutes.getStatus, call, signal)).object_type
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    await client.call(workspaceRoutes.mkdirs, { body: { path: target } }, signal)
    type = (await client.call(workspaceRoutes.getStatus, call, signal)).object_type
  }
  if (type !== 'DIRECTORY' && type !== 'REPO') {
    throw new Failure(`${target} is a ${type.toLowerCase()} and not a folder.`, {
      todo: 'Choose another target.',
    })
  }
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
