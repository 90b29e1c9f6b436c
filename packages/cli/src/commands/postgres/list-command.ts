// `list-…` of a row: below PARENT, or everywhere where none is named. A `-` in PARENT stands for every project or branch.
import { ApiError, type Client, branchRoutes, projectRoutes } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { type Command, defineCommand } from '../../command/define-command.ts'
import { parseCount } from '../../command/durations.ts'
import { formOf, paramsOf } from './resource-path.ts'
import { type Options, headOf, send } from './row-command.ts'
import type { ListRow } from './table.ts'

type Params = Readonly<Record<string, string>>

/** The command of a row that lists. */
export function listCommand(row: ListRow): Command {
  return defineCommand({
    ...headOf(row),
    arguments: row.hasParent
      ? {
          parent: {
            summary: `what they belong to: ${formOf(row.route, row.suffix)}; - stands for any, and nothing for all`,
            ...(row.hidden ? {} : { optional: true as const }),
          },
        }
      : {},
    options: {
      pageSize: { value: 'COUNT', summary: 'how many to ask for at a time', parse: parseCount },
      limit: { value: 'COUNT', summary: 'how many to print at most', parse: parseCount },
      pageToken: { value: 'TOKEN', summary: 'where to begin', hidden: true },
      ...(row.hasDeleted
        ? { showDeleted: { summary: 'list deleted ones that can be brought back, too' } }
        : {}),
    },
    async handler(context, input) {
      const given = input.options as Options
      const parent = (input.arguments as Readonly<Record<string, string | undefined>>)['parent']
      const params = paramsOf(
        row.route,
        parent ?? (row.hasParent ? ANYWHERE[row.suffix] : '') ?? '',
        row.suffix,
      )
      context.out.data(await listed(context, row, params, given))
    },
  })
}

/** PARENT of a collection when none is named. */
const ANYWHERE: Readonly<Record<string, string>> = {
  '/branches': 'projects/-',
  '/endpoints': 'projects/-/branches/-',
  '/databases': 'projects/-/branches/-',
  '/roles': 'projects/-/branches/-',
}

async function listed(
  { workspace, signal }: CommandContext,
  row: ListRow,
  params: Params,
  given: Options,
): Promise<readonly unknown[]> {
  const { client } = await workspace()
  const limit = (given['limit'] as number | undefined) ?? Infinity
  const items: unknown[] = []
  const isWide = Object.values(params).includes('-')
  for await (const each of parentsOf(client, params, signal)) {
    try {
      for await (const item of itemsOf(client, row, each, given, signal)) {
        items.push(item)
        if (items.length === limit) return items
      }
    } catch (error) {
      // Deleted since its name was read.
      if (!isWide || !(error instanceof ApiError) || error.status !== 404) throw error
    }
  }
  return items
}

/** `params` with each project and branch in the place of `-`. */
async function* parentsOf(client: Client, params: Params, signal: AbortSignal): AsyncGenerator<Params> {
  if (params['project'] === '-') {
    for await (const { project_id: project } of pagesOf(async (page_token) => {
      const page = await client.call(projectRoutes.listProjects, { query: { page_token } }, signal)
      return { items: page.projects, next: page.next_page_token }
    })) {
      yield* parentsOf(client, { ...params, project }, signal)
    }
    return
  }
  if (params['branch'] !== '-') {
    yield params
    return
  }
  const project = params['project'] ?? ''
  for await (const { status } of pagesOf(async (page_token) => {
    const call = { params: { project }, query: { page_token } }
    const page = await client.call(branchRoutes.listBranches, call, signal)
    return { items: page.branches, next: page.next_page_token }
  })) {
    yield { ...params, branch: status.branch_id }
  }
}

function itemsOf(
  client: Client,
  row: ListRow,
  params: Params,
  given: Options,
  signal: AbortSignal,
): AsyncGenerator {
  return pagesOf(
    async (page_token) => {
      const query = {
        page_size: given['pageSize'],
        page_token,
        ...(given['showDeleted'] === true ? { show_deleted: true } : {}),
      }
      const page = (await send(client, row.route, { params, query }, signal)) as Options
      return {
        items: page[row.items] as readonly unknown[] | undefined,
        next: page['next_page_token'] as string | undefined,
      }
    },
    given['pageToken'] as string | undefined,
  )
}

/** The items of all pages; the next one is asked for when the one before is used up. */
async function* pagesOf<T>(
  read: (
    token: string | undefined,
  ) => Promise<{ readonly items: readonly T[] | undefined; readonly next: string | undefined }>,
  first?: string,
): AsyncGenerator<T> {
  for (let token = first; ;) {
    const { items = [], next } = await read(token)
    yield* items
    if (!next) return
    token = next
  }
}
