// Who listens on a port, as far as Linux tells this user.
import { readFile, readdir, readlink } from 'node:fs/promises'

const LISTENING = '0A'

/** Name and id of the process that listens on `port`; undefined where it cannot be known. */
export async function listenerOf(port: number): Promise<string | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  const sockets = new Set(
    tables
      .join('\n')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hex}`))
      .map((fields) => `socket:[${fields[9] ?? ''}]`),
  )
  if (sockets.size === 0) return undefined
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const names = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const name of names) {
      const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')
      if (!sockets.has(target)) continue
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
      return `${command.trim()} (process ${pid})`
    }
  }
  return undefined
}
