// What a running workspace tells other programs about itself: <data-dir>/workspace.json and the profile beside it.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { writeFileAtomic } from '../base/files.ts'

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

/** Publishes the file; disposing removes it, if it is still this process's. */
export async function publishWorkspaceFile(file: string, content: WorkspaceFile): Promise<AsyncDisposable> {
  await writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o644 })
  return {
    [Symbol.asyncDispose]() {
      if (pidIn(file) === content.pid) rmSync(file, { force: true })
      return Promise.resolve()
    },
  }
}

function pidIn(file: string): number | undefined {
  if (!existsSync(file)) return undefined
  const content = JSON.parse(readFileSync(file, 'utf8')) as Partial<WorkspaceFile>
  return content.pid
}

/** The ports of the last start; empty where there was none. */
export function readPorts(file: string): { readonly http?: number; readonly postgres?: number } {
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { http: number; postgres: number })
    : {}
}

/** Remembers the ports for the next start. */
export async function writePorts(
  file: string,
  ports: { readonly http: number; readonly postgres: number },
): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(ports)}\n`)
}

/** Writes the profile of the owner: a `.databrickscfg` that any official client reads. */
export async function writeProfile(
  file: string,
  profile: { readonly host: string; readonly token: string },
): Promise<void> {
  await writeFileAtomic(file, `[DEFAULT]\nhost  = ${profile.host}\ntoken = ${profile.token}\n`, {
    mode: 0o600,
  })
}

/** The token of a profile that was written before. */
export function tokenInProfile(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  return /^token\s*=\s*(\S+)$/m.exec(readFileSync(file, 'utf8'))?.[1]
}
