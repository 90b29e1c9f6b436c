// Workspace paths. They never touch the disk as such: a path is a key of the tree's rows, so there is nothing to traverse and no
// link to follow. Names are still held to what every file system can hold, because folders are written out for builds.
import { because, LakeletError, type Reason } from '../base/errors.ts'

export interface AskedPath {
  /** As the client wrote it, without slashes at its end. */
  readonly asked: string
  /** The key: absolute, without `/Workspace`; the root is the empty text. */
  readonly key: string
  /** The client's spelling of another key: with `/Workspace` when the question had it. */
  spell(key: string): string
}

const PREFIX = '/Workspace'
const LONGEST_NAME = 255
const LONGEST_PATH = 2048

/** Reads a path of a request; LakeletError `path_invalid` for what can be no workspace path. */
export function parsePath(text: string): AskedPath {
  if (!text.startsWith('/')) throw invalid(text, because('path_slash'))
  if (Buffer.byteLength(text) > LONGEST_PATH)
    throw invalid(text, because('path_too_long', { most: LONGEST_PATH }))
  const names = text.split('/').filter((name) => name !== '')
  for (const name of names) checkName(text, name)
  const prefixed = names[0] === 'Workspace'
  const key = joined(prefixed ? names.slice(1) : names)
  const spell = (other: string) => (prefixed ? `${PREFIX}${other}` : other === '' ? '/' : other)
  return { asked: spell(key), key, spell }
}

function joined(names: readonly string[]): string {
  return names.map((name) => `/${name}`).join('')
}

function checkName(path: string, name: string): void {
  if (name === '.' || name === '..') throw invalid(path, because('path_dots', { name }))
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused here
  if (/[\u0000-\u001f\u007f]/.test(name)) throw invalid(path, because('path_control'))
  if (name.includes('\\')) throw invalid(path, because('path_backslash'))
  if (!name.isWellFormed()) throw invalid(path, because('path_unicode'))
  if (Buffer.byteLength(name) > LONGEST_NAME)
    throw invalid(path, because('path_name_long', { most: LONGEST_NAME }))
}

function invalid(path: string, reason: Reason): LakeletError {
  // oxlint-disable-next-line no-control-regex -- shown to people, so control characters are made visible
  const shown = path.slice(0, 200).replace(/[\u0000-\u001f\u007f]/g, '\ufffd')
  return new LakeletError('path_invalid', { path: shown, reason })
}

/** The key of the folder that holds `key`; undefined for the root. */
export function parentOf(key: string): string | undefined {
  return key === '' ? undefined : key.slice(0, key.lastIndexOf('/'))
}

/** The last name of `key`; empty for the root. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

/** `key` and every folder above it, the root first. */
export function lineOf(key: string): string[] {
  const names = key.split('/').slice(1)
  return ['', ...names.map((_, index) => joined(names.slice(0, index + 1)))]
}

/** The home folder of a user or service principal. */
export function homeOf(principal: string): string {
  return `/Users/${principal}`
}

/** Whether `key` is `folder` or lies below it. */
export function isWithin(key: string, folder: string): boolean {
  return key === folder || key.startsWith(`${folder}/`)
}
