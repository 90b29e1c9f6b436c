import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { ApiError, type Client, workspaceFilesRoutes, workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import type { Output } from '../../command/output.ts'
import { isDataDirectory, refuseDataDirectory } from '../../config/data-directory.ts'

/** Folders that belong to tools and not to the source. */
const SKIPPED = new Set(['.git', '.databricks', 'node_modules'])
/** Secrets, but for their examples. */
const SECRETS = /^\.env(\.(?!example$|sample$|template$).+)?$/

export const workspaceImportDir = defineCommand({
  path: ['workspace', 'import-dir'],
  summary: 'Copy a local folder into the workspace',
  arguments: {
    sourcePath: { summary: 'local folder' },
    targetPath: { summary: 'absolute path of the workspace folder' },
  },
  options: { overwrite: { summary: 'replace workspace files' } },
  examples: [
    {
      run: 'lakelet workspace import-dir . /Workspace/Users/me@example.com/my-app --overwrite',
      does: 'copies this folder',
    },
  ],
  async handler({ workspace, out, signal, terminal }, { arguments: { sourcePath, targetPath }, options }) {
    const { client } = await workspace()
    out.event({ type: 'IMPORT_STARTED', source_path: sourcePath }, `Importing files from ${sourcePath}`)
    const source = path.resolve(terminal.cwd, sourcePath)
    await refuseDataDirectory(source)
    await importFolder(
      { client, overwrite: options.overwrite, out, signal },
      source,
      targetPath.replace(/\/+$/, ''),
    )
    out.event({ type: 'IMPORT_COMPLETED', target_path: targetPath }, 'Import complete')
  },
})

interface ImportOptions {
  readonly client: Client
  readonly overwrite: boolean
  readonly out: Output
  readonly signal: AbortSignal
}

async function importFolder(options: ImportOptions, source: string, target: string): Promise<void> {
  await options.client.call(workspaceRoutes.mkdirs, { body: { path: target } }, options.signal)
  const entries = await readdir(source, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    const from = path.join(source, entry.name)
    const to = `${target}/${entry.name}`
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name) && !(await isDataDirectory(from))) await importFolder(options, from, to)
    } else if (entry.isFile()) {
      if (SECRETS.test(entry.name)) {
        options.out.note(`Warning: ${from} goes into the workspace, where others may read it.`)
      }
      await importFile(options, from, to)
    }
  }
}

async function importFile(options: ImportOptions, source: string, target: string): Promise<void> {
  const { client, overwrite, out, signal } = options
  try {
    const call = { params: { '*': target.slice(1) }, query: { overwrite }, body: await readFile(source) }
    await client.call(workspaceFilesRoutes.importFile, call, signal)
  } catch (error) {
    if (overwrite || !isAlreadyThere(error)) throw error
    const text = `${source} -> ${target} (skipped; already exists)`
    out.event({ type: 'FILE_SKIPPED', source_path: source, target_path: target }, text)
    return
  }
  out.event({ type: 'FILE_IMPORTED', source_path: source, target_path: target }, `${source} -> ${target}`)
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 409 || error.errorCode === 'RESOURCE_ALREADY_EXISTS')
}
