// `.databrickscfg`: profiles as `[NAME]` sections of `key = value`. Reading follows the official SDKs; writing changes the
// lines of one profile and leaves every other byte, comments and order included, as it was.
import { chmod, copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/** Keys and values of one profile. */
export type Profile = Readonly<Record<string, string>>

interface Section {
  readonly name: string
  /** Line of the header; -1 for lines before the first header. */
  readonly start: number
  /** Line after the last one. */
  readonly end: number
}

const SETTINGS = '__settings__'

/** The content of one configuration file. */
export class ConfigFile {
  readonly #lines: readonly string[]

  constructor(text: string) {
    this.#lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)
  }

  /** Names of the profiles in the order of the file. */
  get profileNames(): string[] {
    return this.#sections()
      .filter(({ start, name }) => start >= 0 && name !== SETTINGS)
      .map(({ name }) => name)
  }

  /** The profile that applies when none is named: `[__settings__] default_profile`, else DEFAULT. */
  get defaultProfileName(): string {
    return this.#read(SETTINGS)?.['default_profile'] ?? 'DEFAULT'
  }

  profile(name: string): Profile | undefined {
    return this.#read(name)
  }

  /** This file with `values` set in profile `name` and `removed` keys taken out of it. */
  withProfile(name: string, values: Profile, removed: readonly string[] = []): ConfigFile {
    const section = this.#sections().find((each) => each.name === name && each.start >= 0)
    if (!section) return this.#withNewSection(name, values)
    const written = new Set<string>()
    const body = this.#lines.slice(section.start + 1, section.end).flatMap((line) => {
      const pair = pairOf(line)
      if (!pair) return [line]
      const value = values[pair.key]
      if (value === undefined) return removed.includes(pair.key) ? [] : [line]
      if (written.has(pair.key)) return []
      written.add(pair.key)
      return [value === pair.value ? line : `${pair.key} = ${value}`]
    })
    const added = linesOf(Object.entries(values).filter(([key]) => !written.has(key)))
    const tail = trailingBlank(body)
    return this.#replaced(section.start + 1, section.end, [
      ...body.slice(0, body.length - tail),
      ...added,
      ...body.slice(body.length - tail),
    ])
  }

  /** This file with `name` as the profile that applies when none is named. */
  withDefaultProfile(name: string): ConfigFile {
    return this.withProfile(SETTINGS, { default_profile: name })
  }

  toString(): string {
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`
  }

  #read(name: string): Profile | undefined {
    const sections = this.#sections().filter((each) => each.name === name)
    if (!sections.some((each) => each.start >= 0 || each.end > each.start + 1)) return undefined
    const pairs = sections.flatMap(({ start, end }) => this.#lines.slice(start + 1, end).map(pairOf))
    return Object.fromEntries(
      pairs.flatMap((pair) => (pair && pair.value !== '' ? [[pair.key, pair.value]] : [])),
    )
  }

  #sections(): Section[] {
    const headers = this.#lines.flatMap((line, index) => {
      const name = /^\s*\[([^\]]*)\]/.exec(line)?.[1]
      return name === undefined ? [] : [{ name: name.trim(), start: index }]
    })
    // Keys before the first header belong to DEFAULT, as the SDKs read them.
    return [{ name: 'DEFAULT', start: -1 }, ...headers].map((header, index) => ({
      ...header,
      end: headers[index]?.start ?? this.#lines.length,
    }))
  }

  #withNewSection(name: string, values: Profile): ConfigFile {
    const gap = this.#lines.length > 0 && this.#lines.at(-1)?.trim() !== '' ? [''] : []
    const section = [`[${name}]`, ...linesOf(Object.entries(values))]
    return this.#replaced(this.#lines.length, this.#lines.length, [...gap, ...section])
  }

  #replaced(start: number, end: number, lines: readonly string[]): ConfigFile {
    const all = [...this.#lines.slice(0, start), ...lines, ...this.#lines.slice(end)]
    return new ConfigFile(`${all.join('\n')}\n`)
  }
}

function pairOf(line: string): { key: string; value: string } | undefined {
  const match = /^\s*([^#;=:[\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line)
  if (!match?.[1]) return undefined
  return { key: match[1], value: unquoted(match[2] ?? '') }
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) && value.length > 1 ? value.slice(1, -1) : value
}

function linesOf(entries: readonly (readonly [string, string])[]): string[] {
  return entries.map(([key, value]) => `${key} = ${value}`)
}

function trailingBlank(lines: readonly string[]): number {
  return lines.length - 1 - lines.findLastIndex((line) => line.trim() !== '')
}

/** Where the configuration is: DATABRICKS_CONFIG_FILE, else `~/.databrickscfg`. */
export function configFilePath(terminal: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}): string {
  const given = terminal.env['DATABRICKS_CONFIG_FILE']
  if (!given) return path.join(terminal.home, '.databrickscfg')
  return given.startsWith('~/') ? path.join(terminal.home, given.slice(2)) : given
}

/** Reads the file; an empty one where there is none. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  try {
    return new ConfigFile(await readFile(file, 'utf8'))
  } catch (error) {
    if (isMissing(error)) return new ConfigFile('')
    throw error
  }
}

/** Writes the file whole or not at all, for its owner only, and keeps the one before as `.bak`. */
export async function writeConfigFile(file: string, content: ConfigFile): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  try {
    await copyFile(file, `${file}.bak`)
    await chmod(`${file}.bak`, 0o600)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  await writePrivateFile(file, content.toString())
}

/** Replaces `file` in one step by one that only its owner can read. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
