// `--json '{…}'` or `--json @file`: the body of a request as the API takes it.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { usageFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

export const jsonOption = {
  value: 'JSON',
  summary: 'the body of the request as JSON, or @FILE to read it from a file',
} as const

/** The object given by `--json`; an empty one where it was not given. */
export async function readJsonOption(
  text: string | undefined,
  terminal: Terminal,
): Promise<Record<string, unknown>> {
  if (text === undefined) return {}
  const source = text.startsWith('@') ? text.slice(1) : '--json'
  const json = text.startsWith('@') ? await readFile(path.resolve(terminal.cwd, source), 'utf8') : text
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw usageFailure(`${source} is not JSON: ${error instanceof Error ? error.message : String(error)}.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageFailure(`${source} must be a JSON object.`)
  }
  return value as Record<string, unknown>
}
