// Saved queries are files of the workspace, so that `sync` and the command line see them.
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'

export function queriesFolder(user: string): string {
  return `/Workspace/Users/${user}/queries`
}

export async function saveQuery(user: string, name: string, text: string): Promise<void> {
  const folder = queriesFolder(user)
  await call('workspace.mkdirs', { body: { path: folder } })
  const path = `${folder}/${name.replace(/\.sql$/, '')}.sql`.slice(1)
  await call('workspaceFiles.importFile', { params: { '*': path }, query: { overwrite: true }, body: text })
  await refresh('workspace.list')
}

export async function readQuery(path: string): Promise<string> {
  const bytes = await call('workspaceFiles.readFile', { params: { '*': path.slice(1) } })
  return new TextDecoder().decode(bytes)
}
