// `--json '{…}'` or `--json @file`: the body of a request as the API takes it. The API reads what it knows and passes over the rest, so
// a misspelled field would change nothing in silence; it is warned about here.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { RouteDefinition } from '@lakelet/api'
import type { CommandContext } from './context.ts'
import { usageFailure } from './failure.ts'
import { unknownFields } from './unknown-fields.ts'

export const jsonOption = {
  value: 'JSON',
  summary: 'the body of the request as JSON, or @FILE to read it from a file',
} as const

/** The object given by `--json`, an empty one where it was not given. Warns of fields that a body of `route` does not have. */
export async function readJsonOption(
  text: string | undefined,
  { terminal, out }: CommandContext,
  route: RouteDefinition,
): Promise<Record<string, unknown>> {
  if (text === undefined) return {}
  const body = await readObject(text, terminal.cwd)
  for (const { field, meant } of unknownFields(route, body)) {
    const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`
    out.note(`Warning: --json has an unknown field '${field}', which changes nothing.${hint}`)
  }
  return body
}

async function readObject(text: string, cwd: string): Promise<Record<string, unknown>> {
  const source = text.startsWith('@') ? text.slice(1) : '--json'
  const json = text.startsWith('@') ? await contentOf(source, cwd) : text
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw usageFailure(
      `${source} is not JSON: ${error instanceof Error ? error.message : String(error)}.`,
      source === '--json'
        ? `Quote it for the shell, as in --json '{"spec": {}}', or give a file: --json @body.json.`
        : undefined,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageFailure(`${source} must be a JSON object.`)
  }
  return value as Record<string, unknown>
}

async function contentOf(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(path.resolve(cwd, file), 'utf8')
  } catch (error) {
    throw usageFailure(`--json names a file that cannot be read: ${(error as Error).message}.`)
  }
}
