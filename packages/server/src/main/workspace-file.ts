// What a running workspace tells other programs about itself: <data-dir>/workspace.json and the profile beside it.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { z } from 'zod'
import type { DataDirectory } from './data-directory.ts'
import { reasonOf, setFileAside, writeSideFile } from './set-aside.ts'

/** The content of workspace.json. */
export interface WorkspaceFile {
  readonly pid: number
  readonly version: string
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly caFile: string
  readonly configFile: string
  readonly user: string
}

/** Publishes the file; disposing removes it. Only the holder of the data directory's lock writes it, so it is this process's. */
export async function publishWorkspaceFile(
  directory: DataDirectory,
  content: WorkspaceFile,
): Promise<AsyncDisposable> {
  const file = directory.file('workspace.json')
  const text = `${JSON.stringify(content, undefined, 2)}\n`
  directory.notices.push(...(await writeSideFile(file, text, 0o644)))
  return {
    [Symbol.asyncDispose]() {
      rmSync(file, { recursive: true, force: true })
      return Promise.resolve()
    },
  }
}

const port = z.int().min(1).max(65_535)
const rememberedPorts = z.object({ http: port, postgres: port })

/** The ports of the last start; empty where there was none or the file is damaged. */
export function readPorts(directory: DataDirectory): { readonly http?: number; readonly postgres?: number } {
  const file = directory.file('ports.json')
  if (!existsSync(file)) return {}
  try {
    return rememberedPorts.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'it does not hold two ports' : reasonOf(error)
    directory.notices.push(setFileAside(file, reason))
    return {}
  }
}

/** Remembers the ports for the next start. */
export async function writePorts(
  directory: DataDirectory,
  ports: { readonly http: number; readonly postgres: number },
): Promise<void> {
  const text = `${JSON.stringify(ports)}\n`
  directory.notices.push(...(await writeSideFile(directory.file('ports.json'), text, 0o600)))
}

/** Writes the profile of the owner: a `.databrickscfg` that any official client reads. */
export async function writeProfile(
  directory: DataDirectory,
  profile: { readonly host: string; readonly token: string },
): Promise<void> {
  const text = `[DEFAULT]\nhost  = ${profile.host}\ntoken = ${profile.token}\n`
  directory.notices.push(...(await writeSideFile(directory.file('databrickscfg'), text, 0o600)))
}

/** The token of a profile that was written before; none where it cannot be read, since a new one is made then. */
export function tokenInProfile(file: string): string | undefined {
  try {
    return /^token\s*=\s*(\S+)$/m.exec(readFileSync(file, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
