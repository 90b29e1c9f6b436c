// The names of what there is, for completion. A workspace that cannot be asked at once has none: a shell must not hang or fill with errors.
import path from 'node:path'
import {
  type Client,
  databaseRoutes,
  overviewRoutes,
  parseResourceName,
  roleRoutes,
  workspaceRoutes,
} from '@lakelet/api'
import type { Terminal } from '../command/terminal.ts'
import { configFilePath, readConfigFile } from '../config/config-file.ts'
import { connectWorkspace } from '../config/connect.ts'
import type { NameKind } from './kinds.ts'
import type { Names } from './candidates.ts'
import type { Line } from './read-words.ts'

/** Longest time that a shell waits. */
const TIMEOUT_MS = 2000

/** Asks the workspace that the line means. */
export function namesFrom(terminal: Terminal): Names {
  return async (kind, line, text) => {
    try {
      if (kind === 'profile') return (await readConfigFile(configFilePath(terminal))).profileNames
      const named = { profile: line.values['--profile'], dataDir: line.values['--data-dir'] }
      const { client } = await connectWorkspace(terminal, named)
      return await namesOf(client, kind, { line, text, signal: AbortSignal.timeout(TIMEOUT_MS) })
    } catch {
      // Nothing runs, nobody is signed in, it takes too long: then there is nothing to offer.
      return []
    }
  }
}

interface Asked {
  readonly line: Line
  readonly text: string
  readonly signal: AbortSignal
}

async function namesOf(
  client: Client,
  kind: Exclude<NameKind, 'profile'>,
  asked: Asked,
): Promise<readonly string[]> {
  if (kind === 'path') return pathsBelow(client, asked)
  const overview = await client.call(overviewRoutes.getOverview, {}, asked.signal)
  if (kind === 'app') return overview.apps.map(({ name }) => name)
  const projects = overview.projects.map(({ project }) => project.name)
  const all = overview.projects.flatMap((each) => each.branches)
  const branches = all.map(({ branch }) => branch.name)
  const endpoints = all.flatMap((each) => each.endpoints.map(({ name }) => name))
  const { '--project': project, '--branch': branch } = asked.line.values
  switch (kind) {
    case 'project':
      return projects
    case 'branch':
      return branches
    case 'endpoint':
      return endpoints
    case 'target':
      return [...projects, ...branches, ...endpoints]
    case 'projectId':
      return projects.map(lastPart)
    case 'branchId':
      return idsBelow(branches, project === undefined ? '' : `projects/${project}/`)
    case 'endpointId':
      return idsBelow(endpoints, project && branch ? `projects/${project}/branches/${branch}/` : '')
    case 'database':
    case 'role':
      return namesInBranches(client, kind, branches, asked)
  }
}

function idsBelow(names: readonly string[], parent: string): readonly string[] {
  return [...new Set(names.filter((name) => name.startsWith(parent)).map(lastPart))]
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** Databases or roles of the branches that the text may still mean. */
async function namesInBranches(
  client: Client,
  kind: 'database' | 'role',
  branches: readonly string[],
  { text, signal }: Asked,
): Promise<readonly string[]> {
  const meant = branches.filter((name) => text.startsWith(`${name}/`) || name.startsWith(text))
  const lists = meant.map(async (name) => {
    const { project = '', branch = '' } = parseResourceName(name) ?? {}
    const params = { project, branch }
    return kind === 'database'
      ? (await client.call(databaseRoutes.listDatabases, { params }, signal)).databases
      : (await client.call(roleRoutes.listRoles, { params }, signal)).roles
  })
  return (await Promise.all(lists)).flatMap((found = []) => found.map(({ name }) => name))
}

/** What lies in the workspace folder that is typed so far; folders end with a slash. */
async function pathsBelow(client: Client, { text, signal }: Asked): Promise<readonly string[]> {
  const folder = text.includes('/') ? text.slice(0, text.lastIndexOf('/')) : ''
  const query = { path: folder === '' ? '/' : folder }
  const { objects = [] } = await client.call(workspaceRoutes.list, { query }, signal)
  return objects.map((each) => {
    const name = `${folder}/${path.posix.basename(each.path)}`
    return each.object_type === 'DIRECTORY' ? `${name}/` : name
  })
}
