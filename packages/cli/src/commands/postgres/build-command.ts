// Makes a command of a row of the table: its arguments and options, the call, and the wait for the operation.
import type { Operation } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { type Command, defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'
import { Progress } from '../../command/progress.ts'
import { doing, nextOf } from './hints.ts'
import { listCommand } from './list-command.ts'
import { waitForOperation } from './operation.ts'
import { formOf, paramsOf } from './resource-path.ts'
import { type Call, type Options, headOf, send } from './row-command.ts'
import type { CreateRow, DeleteRow, PostgresRow, ReadRow } from './table.ts'

const waitOptions = {
  noWait: { summary: 'start the operation, print it and do not wait for its end' },
  timeout: {
    value: 'DURATION',
    summary: 'how long to wait for the end',
    default: '20m',
    parse: parseDuration,
  },
} as const

const bodyOptions = {
  json: jsonOption,
  name: { value: 'NAME', summary: 'output only; accepted and sent as it is', hidden: true },
} as const

/** The command of one row. */
export function postgresCommand(row: PostgresRow): Command {
  switch (row.kind) {
    case 'create':
      return createCommand(row)
    case 'get':
      return getCommand(row)
    case 'list':
      return listCommand(row)
    case 'update':
      return updateCommand(row)
    case 'delete':
    case 'undelete':
      return deleteCommand(row)
  }
}

/** Sends a mutation, waits for its operation unless told not to, and prints the resource. */
async function mutate(
  context: CommandContext,
  row: PostgresRow,
  call: Call,
  wait: { readonly noWait: boolean; readonly timeout: number },
): Promise<void> {
  const { out } = context
  const result = await resultOf(context, row, call, wait)
  if (row.kind !== 'delete' || wait.noWait) out.data(result)
  if (!wait.noWait) out.next(...nextOf(row.verb, call, result))
}

/** The resource when the operation is done, or the operation where it is not waited for; says how far it is. */
async function resultOf(
  { workspace, terminal, signal }: CommandContext,
  { verb, route }: PostgresRow,
  call: Call,
  wait: { readonly noWait: boolean; readonly timeout: number },
): Promise<unknown> {
  const { client } = await workspace()
  using progress = new Progress(terminal, doing(verb))
  const reply = await send(client, route, call, signal)
  if (!isOperation(reply) || wait.noWait) return reply
  return waitForOperation(client, reply, {
    timeoutMs: wait.timeout,
    signal,
    onProgress: (message) => progress.say(message),
  })
}

function isOperation(reply: unknown): reply is Operation {
  return typeof reply === 'object' && reply !== null && 'done' in reply && 'name' in reply
}

function createCommand(row: CreateRow): Command {
  const { route, id, fields = [] } = row
  return defineCommand({
    ...headOf(row),
    arguments: {
      ...(row.hasParent ? { parent: { summary: `what it belongs to: ${formOf(route, row.suffix)}` } } : {}),
      ...(id?.as === 'argument' ? { [camel(id.query)]: { summary: 'id of the new one' } } : {}),
      ...Object.fromEntries(fields.map((field) => [camel(field), { summary: `its ${field}` }])),
    },
    options: {
      ...bodyOptions,
      ...(id?.as === 'option'
        ? { [camel(id.query)]: { value: 'ID', summary: 'id of the new one; made up when left out' } }
        : {}),
      ...(row.canReplace ? { replaceExisting: { summary: 'update it if it exists' } } : {}),
      ...waitOptions,
    },
    async handler(context, input) {
      const given = input.options as Options
      const words = input.arguments as Readonly<Record<string, string>>
      const body = {
        ...(await bodyOf(context, given, row)),
        ...Object.fromEntries(fields.map((field) => [field, words[camel(field)]])),
      }
      const newId = id && (words[camel(id.query)] ?? given[camel(id.query)])
      const query = {
        ...(id && newId !== undefined ? { [id.query]: newId } : {}),
        ...(given['replaceExisting'] === true ? { replace_existing: true } : {}),
      }
      const params = paramsOf(route, words['parent'] ?? '', row.suffix)
      await mutate(context, row, { params, query, body }, waitOf(given))
    },
  })
}

function getCommand(row: ReadRow): Command {
  return defineCommand({
    ...headOf(row),
    arguments: { name: { summary: `full name: ${formOf(row.route)}` } },
    async handler({ workspace, out, signal }, { arguments: { name } }) {
      const params = paramsOf(row.route, name)
      const { client } = await workspace()
      out.data(await send(client, row.route, { params }, signal))
    },
  })
}

function updateCommand(row: ReadRow): Command {
  return defineCommand({
    ...headOf(row),
    arguments: {
      name: { summary: `full name: ${formOf(row.route)}` },
      updateMask: { summary: 'fields to change, separated by commas, such as spec.display_name' },
    },
    options: { ...bodyOptions, ...waitOptions },
    async handler(context, { arguments: { name, updateMask }, options }) {
      const body = await bodyOf(context, options, row)
      const call = { params: paramsOf(row.route, name), query: { update_mask: updateMask }, body }
      await mutate(context, row, call, options)
    },
  })
}

function deleteCommand(row: DeleteRow): Command {
  const extra = Object.entries(row.options ?? {})
  return defineCommand({
    ...headOf(row),
    arguments: { name: { summary: `full name: ${formOf(row.route, row.suffix)}` } },
    options: {
      ...Object.fromEntries(
        extra.map(([name, { summary, value }]) => [name, { summary, ...(value ? { value } : {}) }]),
      ),
      ...waitOptions,
    },
    async handler(context, input) {
      const given = input.options as Options
      const name = (input.arguments as Readonly<Record<string, string>>)['name'] ?? ''
      const query = Object.fromEntries(
        extra.flatMap(([option, { query }]) =>
          given[option] === undefined || given[option] === false ? [] : [[query, given[option]]],
        ),
      )
      const body = row.kind === 'undelete' ? { body: {} } : {}
      const call = { params: paramsOf(row.route, name, row.suffix), query, ...body }
      await mutate(context, row, call, waitOf(given))
    },
  })
}

function waitOf(given: Options): { readonly noWait: boolean; readonly timeout: number } {
  return { noWait: given['noWait'] === true, timeout: given['timeout'] as number }
}

/** The body given by `--json`: the resource itself, never wrapped in its own name. */
async function bodyOf(context: CommandContext, given: Options, row: PostgresRow): Promise<object> {
  const body = await readJsonOption(given['json'] as string | undefined, context, row.route)
  const noun = row.verb.replace(/^[a-z]+-/, '').replaceAll('-', '_')
  if (Object.keys(body).length === 1 && typeof body[noun] === 'object') {
    throw usageFailure(
      `--json must be the ${noun} itself and not be wrapped in "${noun}".`,
      `Give what stands inside it: '{"spec": {…}}'.`,
    )
  }
  return given['name'] === undefined ? body : { ...body, name: given['name'] }
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
