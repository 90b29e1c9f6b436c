// The workspace that runs on this machine in a data directory: what it wrote about itself when it was ready.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure, exitCodes } from '../command/failure.ts'
import type { Terminal } from '../command/terminal.ts'
import { type Profile, isMissing, readConfigFile } from './config-file.ts'
import { ancestorsOf, isDataDirectory } from './data-directory.ts'
import { findLink } from './link.ts'

const DEFAULT_DATA_DIR = '.lakelet'

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

/** What a running workspace says about itself, and where it lives. */
export type LocalWorkspace = z.output<typeof description> & { readonly dataDir: string }

/** How a data directory was named or found. */
export type Place =
  | { readonly kind: 'flag' | 'variable' | 'file' | 'here'; readonly dataDir: string }
  | { readonly kind: 'link'; readonly dataDir: string; readonly link: string }

/** The workspace running in `dataDir`, or undefined when none does. */
export async function findLocalWorkspace(dataDir: string): Promise<LocalWorkspace | undefined> {
  const found = await readDescription(dataDir)
  return found && isAlive(found.pid) ? { ...found, dataDir } : undefined
}

/** A data directory in which no workspace runs. */
export class NotRunning extends Failure {
  readonly dataDir: string

  constructor(dataDir: string, ...failure: ConstructorParameters<typeof Failure>) {
    super(...failure)
    this.dataDir = dataDir
  }
}

/** The failure for a data directory in which no workspace runs. */
export function notRunning(place: Place): NotRunning {
  const { dataDir } = place
  return new NotRunning(dataDir, `No workspace runs in ${dataDir}${WHY[place.kind](place)}.`, {
    exitCode: exitCodes.notFound,
    todo: `Start it with 'lakelet up --data-dir ${dataDir}', or name another one with --data-dir or --profile.`,
  })
}

const WHY: Readonly<Record<Place['kind'], (place: Place) => string>> = {
  flag: () => '',
  variable: () => ', which LAKELET_DATA_DIR names',
  file: () => '',
  here: () => ', the data directory of this folder',
  link: (place) => `, which ${'link' in place ? place.link : 'a file'} links to`,
}

/** The data directories that the surroundings point at, the one that decides first: by variable, here or above, by link. */
export async function placesAround(terminal: Pick<Terminal, 'env' | 'cwd'>): Promise<Place[]> {
  const { LAKELET_DATA_DIR: named, DATABRICKS_CONFIG_FILE: file } = terminal.env
  const places: Place[] = []
  if (named) places.push({ kind: 'variable', dataDir: path.resolve(terminal.cwd, named) })
  if (file) {
    const dataDir = path.dirname(path.resolve(terminal.cwd, file))
    if (await isDataDirectory(dataDir)) places.push({ kind: 'file', dataDir })
  }
  for (const folder of ancestorsOf(terminal.cwd)) {
    places.push({ kind: 'here', dataDir: path.join(folder, DEFAULT_DATA_DIR) })
    if (await isDataDirectory(folder)) places.push({ kind: 'here', dataDir: folder })
  }
  const link = await findLink(terminal.cwd)
  if (link?.dataDir !== undefined) places.push({ kind: 'link', dataDir: link.dataDir, link: link.file })
  return places
}

/** Every running workspace that the surroundings or `hints` (data directories) point at. */
export async function nearbyWorkspaces(
  terminal: Pick<Terminal, 'env' | 'cwd'>,
  hints: readonly (string | undefined)[] = [],
): Promise<LocalWorkspace[]> {
  const around = (await placesAround(terminal)).map(({ dataDir }) => dataDir)
  const directories = [...hints, ...around].filter(
    (each): each is string => each !== undefined && each !== '',
  )
  const found = await Promise.all(directories.map((each) => findLocalWorkspace(each)))
  return found.filter((each) => each !== undefined)
}

/** The data directory that `lakelet up` starts in: as given, else LAKELET_DATA_DIR, else `.lakelet` here. */
export function dataDirOf(terminal: Pick<Terminal, 'env' | 'cwd'>, given: string | undefined): string {
  return path.resolve(terminal.cwd, given ?? (terminal.env['LAKELET_DATA_DIR'] || DEFAULT_DATA_DIR))
}

/** The owner's profile of a local workspace. */
export async function ownerProfile(workspace: Pick<LocalWorkspace, 'configFile'>): Promise<Profile> {
  const file = await readConfigFile(workspace.configFile).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error
    throw notYours(workspace.configFile, error)
  })
  const profile = file.profile('DEFAULT')
  if (profile?.['host'] && profile['token']) return profile
  throw new Failure(`${workspace.configFile} has no DEFAULT profile with a host and a token.`, {
    todo: "Restart the workspace with 'lakelet down' and 'lakelet up'; it writes the file anew.",
  })
}

function notYours(configFile: string, cause: unknown): Failure {
  return new Failure(
    `The workspace in ${path.dirname(configFile)} belongs to another user of this machine.`,
    {
      exitCode: exitCodes.unauthenticated,
      todo: "Sign in to it as yourself with 'lakelet auth login --host ADDRESS', or start your own with 'lakelet up --data-dir DIR'.",
      cause,
    },
  )
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

async function readDescription(dataDir: string): Promise<z.output<typeof description> | undefined> {
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
