// The workspace that runs on this machine in a data directory: what it wrote about itself when it was ready.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure, exitCodes } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { type Profile, isMissing, readConfigFile } from './config-file.ts'

export const DEFAULT_DATA_DIR = '.lakelet'

const description = z.object({
  pid: z.number(),
  version: z.string(),
  /** Base URL of the REST API and the console. */
  host: z.string(),
  postgres: z.object({ host: z.string(), port: z.number() }),
  caFile: z.string(),
  /** A `.databrickscfg` with the owner's token. */
  configFile: z.string(),
  /** The owner's email address. */
  user: z.string(),
})

export type LocalWorkspace = z.output<typeof description>

/** The workspace running in `dataDir`, or undefined when none does. */
export async function findLocalWorkspace(dataDir: string): Promise<LocalWorkspace | undefined> {
  const found = await readDescription(dataDir)
  return found && isAlive(found.pid) ? found : undefined
}

/** Like findLocalWorkspace; fails with what to do when none runs there. */
export async function requireLocalWorkspace(dataDir: string): Promise<LocalWorkspace> {
  const found = await findLocalWorkspace(dataDir)
  if (found) return found
  throw new Failure(`No workspace runs in ${dataDir}.`, {
    exitCode: exitCodes.notFound,
    todo: "Start one with 'lakelet up', or name its directory with --data-dir.",
  })
}

/** Every local workspace that the surroundings point at: by variable, by configuration file, and in `.lakelet` here or above. */
export async function nearbyWorkspaces(
  terminal: Pick<Terminal, 'env' | 'cwd'>,
  hints: readonly (string | undefined)[] = [],
): Promise<LocalWorkspace[]> {
  const { LAKELET_DATA_DIR: named, DATABRICKS_CONFIG_FILE: configFile } = terminal.env
  const directories = [
    named && path.resolve(terminal.cwd, named),
    ...hints,
    configFile && path.dirname(path.resolve(terminal.cwd, configFile)),
    ...ancestorsOf(terminal.cwd).map((each) => path.join(each, DEFAULT_DATA_DIR)),
  ].filter((each): each is string => each !== undefined && each !== '')
  const found = await Promise.all(directories.map((each) => findLocalWorkspace(each)))
  return found.filter((each) => each !== undefined)
}

function ancestorsOf(directory: string): string[] {
  const parent = path.dirname(directory)
  return parent === directory ? [directory] : [directory, ...ancestorsOf(parent)]
}

/** The data directory of a command: as given, else LAKELET_DATA_DIR, else `.lakelet` here. */
export function dataDirOf(terminal: Pick<Terminal, 'env' | 'cwd'>, given: string | undefined): string {
  return path.resolve(terminal.cwd, given ?? terminal.env['LAKELET_DATA_DIR'] ?? DEFAULT_DATA_DIR)
}

/** The owner's profile of a local workspace. */
export async function ownerProfile(workspace: Pick<LocalWorkspace, 'configFile'>): Promise<Profile> {
  const file = await readConfigFile(workspace.configFile)
  const profile = file.profile('DEFAULT')
  if (profile?.['host'] && profile['token']) return profile
  throw new Failure(`${workspace.configFile} has no DEFAULT profile with a host and a token.`, {
    todo: "Restart the workspace with 'lakelet down' and 'lakelet up'; it writes the file anew.",
  })
}

/** True while a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function readDescription(dataDir: string): Promise<LocalWorkspace | undefined> {
  const file = path.join(dataDir, 'workspace.json')
  try {
    const parsed = description.safeParse(JSON.parse(await readFile(file, 'utf8')))
    if (parsed.success) return parsed.data
  } catch (error) {
    if (isMissing(error)) return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Failure(`${file} is not what a running workspace writes.`, {
    todo: 'Is a workspace of another version running there? If none is, delete the file.',
  })
}
