// Which processes use a directory, as Linux knows it.
import { readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'

export interface DirectoryUser {
  readonly pid: number
  /** As the system calls the process: the first fifteen characters of its program. */
  readonly name: string
}

/** All processes but this one that work in `directory` or have a file in it open. Root sees everybody's. */
export async function usersOf(directory: string): Promise<DirectoryUser[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  const found = await Promise.all(pids.map(async (pid) => ((await uses(pid, directory)) ? pid : undefined)))
  return Promise.all(
    found
      .filter((pid) => pid !== undefined)
      .map(async (pid) => ({
        pid: Number(pid),
        name: (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'unknown')).trim(),
      })),
  )
}

async function uses(pid: string, directory: string): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = ['cwd', 'root', ...descriptors.map((name) => path.join('fd', name))]
  const targets = await Promise.all(links.map((link) => readlink(`/proc/${pid}/${link}`).catch(() => '')))
  return targets.some((target) => target === directory || target.startsWith(`${directory}/`))
}
