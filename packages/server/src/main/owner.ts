import { execFile } from 'node:child_process'
import os from 'node:os'
import { promisify } from 'node:util'

/** The e-mail address of a new workspace's owner: as configured, else git's, else the user of the system. */
export async function ownerEmail(configured: string | undefined): Promise<string> {
  if (configured !== undefined) return configured
  const fromGit = await gitEmail()
  return fromGit ?? `${os.userInfo().username}@${os.hostname()}`.toLowerCase()
}

async function gitEmail(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['config', '--get', 'user.email'])
    const email = stdout.trim()
    return /^[^\s@]+@[^\s@]+$/.test(email) ? email : undefined
  } catch {
    return undefined
  }
}
