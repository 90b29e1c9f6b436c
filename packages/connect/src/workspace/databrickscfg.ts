import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

/** The sections of a `.databrickscfg`: profile name to its keys. */
export type Profiles = ReadonlyMap<string, Readonly<Record<string, string>>>

/** Reads the INI dialect of `.databrickscfg`: `[name]`, `key = value`, comments from `;` or `#` at a line's start. */
export function parseProfiles(text: string): Profiles {
  const profiles = new Map<string, Record<string, string>>()
  let section: Record<string, string> | undefined
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim()
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    const header = /^\[(.*)\]$/.exec(line)
    if (header) {
      section = profiles.get(header[1] ?? '') ?? {}
      profiles.set(header[1] ?? '', section)
      continue
    }
    const separator = line.indexOf('=')
    if (section && separator > 0) section[line.slice(0, separator).trim()] = line.slice(separator + 1).trim()
  }
  return profiles
}

/** Where the profiles are: DATABRICKS_CONFIG_FILE, else `~/.databrickscfg`. */
export function configFile(env: Environment): string {
  const file = env['DATABRICKS_CONFIG_FILE'] || '~/.databrickscfg'
  return file.startsWith('~/') ? path.join(env['HOME'] || homedir(), file.slice(2)) : file
}

/** The profiles on this machine; none when there is no such file. */
export function readProfiles(env: Environment): Profiles {
  try {
    return parseProfiles(readFileSync(configFile(env), 'utf8'))
  } catch {
    return new Map()
  }
}
