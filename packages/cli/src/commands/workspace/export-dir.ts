import { access, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Client, workspaceRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { Failure } from '../../command/failure.ts'
import type { Output } from '../../command/output.ts'

/** Kinds of objects that are no files; they are left out. */
const SKIPPED = new Set(['LIBRARY', 'DASHBOARD', 'REPO', 'MLFLOW_EXPERIMENT'])

/** Extensions that a notebook gets on disk, by language. */
const NOTEBOOK_EXTENSIONS = { PYTHON: '.py', SQL: '.sql', SCALA: '.scala', R: '.r' } as const

export const workspaceExportDir = defineCommand({
  path: ['workspace', 'export-dir'],
  summary: 'Copy a workspace folder to this machine',
  description:
    'Notebooks get the extension of their language. Files that exist here are kept unless --overwrite is given.',
  arguments: {
    sourcePath: { summary: 'absolute path of the workspace folder' },
    targetPath: { summary: 'local folder' },
  },
  options: { overwrite: { summary: 'replace local files' } },
  examples: [
    {
      run: 'lakelet workspace export-dir /Workspace/Users/me@example.com/my-app .',
      does: 'downloads the files of an app',
    },
  ],
  async handler({ workspace, out, signal, terminal }, { arguments: { sourcePath, targetPath }, options }) {
    const { client } = await workspace()
    await exportDirectory({
      client,
      source: sourcePath.replace(/(?<=.)\/+$/, ''),
      target: path.resolve(terminal.cwd, targetPath),
      overwrite: options.overwrite,
      out,
      signal,
    })
  },
})

export interface ExportOptions {
  readonly client: Client
  readonly source: string
  /** Absolute. */
  readonly target: string
  readonly overwrite: boolean
  readonly out: Output
  readonly signal: AbortSignal
}

/** Copies a workspace folder into a local one and says each file. */
export async function exportDirectory(options: ExportOptions): Promise<void> {
  const { client, source, target, out, signal } = options
  const status = await client.call(workspaceRoutes.getStatus, { query: { path: source } }, signal)
  if (status.object_type !== 'DIRECTORY' && status.object_type !== 'REPO') {
    throw new Failure(`${source} is a ${status.object_type.toLowerCase()} and not a folder.`, {
      todo: `'lakelet workspace export ${source} --file FILE' copies one file.`,
    })
  }
  out.event({ type: 'EXPORT_STARTED', source_path: source }, `Exporting files from ${source}`)
  await exportFolder(options, source, target)
  out.event({ type: 'EXPORT_COMPLETED', target_path: target }, 'Export complete')
}

async function exportFolder(options: ExportOptions, source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  const { objects = [] } = await options.client.call(
    workspaceRoutes.list,
    { query: { path: source } },
    options.signal,
  )
  for (const each of objects) {
    const name = path.posix.basename(each.path)
    if (SKIPPED.has(each.object_type)) continue
    if (each.object_type === 'DIRECTORY') await exportFolder(options, each.path, path.join(target, name))
    else {
      const extension =
        each.object_type === 'NOTEBOOK' && each.language ? NOTEBOOK_EXTENSIONS[each.language] : ''
      await exportFile(options, each.path, path.join(target, `${name}${extension}`))
    }
  }
}

async function exportFile(options: ExportOptions, source: string, target: string): Promise<void> {
  const { client, out, signal } = options
  if (!options.overwrite && (await exists(target))) {
    const text = `${source} -> ${target} (skipped; already exists)`
    out.event({ type: 'FILE_SKIPPED', source_path: source, target_path: target }, text)
    return
  }
  // Without a format a notebook comes as source, whatever it was imported from, as its extension here says.
  const query = { path: source, direct_download: true }
  await writeFile(target, await client.call(workspaceRoutes.export, { query }, signal))
  out.event({ type: 'FILE_EXPORTED', source_path: source, target_path: target }, `${source} -> ${target}`)
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}
