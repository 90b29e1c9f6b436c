// What is wrong with a data directory, and with the app.yaml files of a project that name a workspace's address.
import { readFile, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { type LocalWorkspace, findLocalWorkspace } from '../config/local-workspace.ts'
import { type Finding, note, ok, problem } from './finding.ts'

/** Owner, permissions, and whether a workspace runs there as its own note says. */
export async function dataDirectoryFindings(directory: string): Promise<Finding[]> {
  const found = await stat(directory).catch(() => undefined)
  if (!found) return [ok('data-directory', `${directory} is not there yet`)]
  const findings: Finding[] = []
  const own = process.getuid?.()
  const lock = await stat(path.join(directory, 'lock')).catch(() => undefined)
  const owner = (lock ?? found).uid
  if (own !== undefined && owner !== own)
    findings.push(
      problem(
        'data-directory',
        `${directory} belongs to user ${owner}, you are ${own}`,
        'A workspace of one user is refused to another: their files would lock each other out.',
        `Work as that user, take another --data-dir, or: sudo chown -R ${own} ${directory}`,
      ),
    )
  else if ((found.mode & 0o022) !== 0)
    findings.push(
      problem(
        'data-directory',
        `others may write in ${directory}`,
        'They could replace its keys and databases.',
        `chmod go-w ${directory}`,
      ),
    )
  else findings.push(ok('data-directory', `${directory} is yours alone to write`))
  findings.push(await publishedFinding(directory))
  return findings
}

async function publishedFinding(directory: string): Promise<Finding> {
  const file = path.join(directory, 'workspace.json')
  const isThere = await stat(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return ok('workspace', `no workspace runs in ${directory}`)
  try {
    const running = await findLocalWorkspace(directory)
    if (running) return ok('workspace', `a workspace runs at ${running.host}, process ${running.pid}`)
  } catch {
    // Not what a workspace writes: as stale as one of a process that is gone.
  }
  return note(
    'workspace',
    `${file} is of a workspace that does not run any more`,
    'It was killed, or the machine was. Commands do not use it.',
    `Nothing: the next 'lakelet up --data-dir ${directory}' writes it anew.`,
  )
}

const SKIPPED = new Set(['node_modules', '.git', '.lakelet', '.venv', 'venv'])
const DEEPEST = 3

/** The app.yaml files below `folder` whose PGHOST or PGPORT are not those of `workspace`. */
export async function appYamlFindings(folder: string, workspace: LocalWorkspace): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const file of await appYamls(folder, 0)) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const port = valueOf(text, 'PGPORT')
    const host = valueOf(text, 'PGHOST')
    const wrong = [
      ...(port !== undefined && port !== String(workspace.postgres.port) ? [`PGPORT ${port}`] : []),
      ...(host !== undefined && /^\d+(\.\d+){3}$/.test(host) && host !== workspace.postgres.host
        ? [`PGHOST ${host}`]
        : []),
    ]
    if (wrong.length > 0)
      findings.push(
        problem(
          'app-yaml',
          `${file} has ${wrong.join(' and ')}, but Postgres is at ${workspace.postgres.host}:${workspace.postgres.port}`,
          'The app talks to another server, or to none.',
          'Take these variables out and give the app the branch as a resource, which sets them; then deploy again.',
        ),
      )
  }
  return findings
}

/** What app.yaml sets a variable to; undefined where it does not, or is no YAML. */
function valueOf(text: string, name: string): string | undefined {
  let content: unknown
  try {
    content = parse(text)
  } catch {
    return undefined
  }
  const found = appYaml.safeParse(content).data?.env.find((each) => each.name === name)
  return found?.value === undefined ? undefined : String(found.value)
}

const appYaml = z.looseObject({
  env: z.array(z.looseObject({ name: z.string(), value: z.union([z.string(), z.number()]).optional() })),
})

async function appYamls(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const found: string[] = []
  for (const entry of entries) {
    const place = path.join(folder, entry.name)
    if (entry.isFile() && /^app\.ya?ml$/.test(entry.name)) found.push(place)
    if (entry.isDirectory() && depth < DEEPEST && !SKIPPED.has(entry.name))
      found.push(...(await appYamls(place, depth + 1)))
  }
  return found
}
