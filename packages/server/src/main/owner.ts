import { execFile } from 'node:child_process'
import os from 'node:os'
import { promisify } from 'node:util'

/** Who owns a new workspace: as configured, else as git knows them, else the user of the system. */
export async function chooseOwner(
  configured: string | undefined,
): Promise<{ readonly email: string; readonly displayName: string }> {
  const email = await ownerEmail(configured)
  return { email, displayName: email.split('@')[0] ?? email }
}

async function ownerEmail(configured: string | undefined): Promise<string> {
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
