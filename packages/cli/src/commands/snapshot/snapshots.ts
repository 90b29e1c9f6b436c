// `lakelet snapshot create|list|get|delete|restore`.
import { type Branch, restoreRoutes, type Snapshot, snapshotName, snapshotRoutes } from '@lakelet/api'
import { megabytes } from '../../command/bytes.ts'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { withProgress } from '../../command/progress.ts'
import type { CommandContext } from '../../command/context.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { namedBranch, projectOption } from '../branch/branch-target.ts'
import { waitForOperation } from '../postgres/operation.ts'

const idArgument = { summary: 'id of the snapshot, or projects/<project>/snapshots/<snapshot>' } as const

const timeout = {
  value: 'DURATION',
  summary: 'how long to wait for the end',
  default: '20m',
  parse: parseDuration,
} as const

export const snapshotCreate = defineCommand({
  path: ['snapshot', 'create'],
  summary: 'Take a snapshot of a root branch',
  description:
    'As the branch is now, or was at a moment of its history. It stays as it is whatever becomes of the branch, also when that is deleted. A project has ten at most, beside those that a schedule takes.',
  arguments: { id: { summary: 'id of the new snapshot' } },
  options: {
    project: projectOption,
    branch: { value: 'BRANCH', summary: 'id of the branch; the default branch when left out' },
    time: { value: 'TIME', summary: 'RFC 3339 with a zone: as the branch was then' },
    lsn: { value: 'LSN', summary: 'position in the log, such as 0/1A2B3C: as the branch was there' },
    ttl: {
      value: 'DURATION',
      summary: 'how long it is kept; until it is deleted when left out',
      parse: parseDuration,
    },
    timeout,
  },
  examples: [
    { run: 'lakelet snapshot create before-migration', does: 'keeps what the default branch is now' },
    {
      run: 'lakelet snapshot create monday --branch production --time 2026-01-26T00:00:00Z --ttl 30d',
      does: 'keeps what it was on Monday for a month',
    },
  ],
  async handler(context, { arguments: { id }, options }) {
    const { workspace, out, signal, terminal } = context
    if (options.time !== undefined && options.lsn !== undefined)
      throw usageFailure('--time and --lsn exclude each other.')
    const { client } = await workspace()
    const { project, branch } = await findBranch(context, namedBranch(options.branch, options.project))
    const spec = {
      source_branch: `projects/${project}/branches/${branch}`,
      ...(options.time === undefined ? {} : { source_branch_time: options.time }),
      ...(options.lsn === undefined ? {} : { source_branch_lsn: options.lsn }),
      ...(options.ttl === undefined ? { no_expiry: true } : { ttl: `${Math.ceil(options.ttl / 1000)}s` }),
    }
    const made = await withProgress(terminal, `Taking ${id}`, async () => {
      const started = await client.call(
        snapshotRoutes.createSnapshot,
        { params: { project }, query: { snapshot_id: id }, body: { spec } },
        signal,
      )
      return (await waitForOperation(client, started, { timeoutMs: options.timeout, signal })) as Snapshot
    })
    out.data(made, { lines: [lineOf(made)] })
    out.note(`Look at it with: lakelet snapshot restore ${id} --to NEW_BRANCH`)
  },
})

export const snapshotList = defineCommand({
  path: ['snapshot', 'list'],
  summary: 'List the snapshots of a project',
  options: { project: projectOption },
  examples: [{ run: 'lakelet snapshot list', does: 'lists them with their sizes' }],
  async handler(context, { options }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const project = await projectOf(context, options.project)
    const all: Snapshot[] = []
    for (let token: string | undefined; ;) {
      const query = token === undefined ? {} : { page_token: token }
      const page = await client.call(snapshotRoutes.listSnapshots, { params: { project }, query }, signal)
      all.push(...(page.snapshots ?? []))
      token = page.next_page_token
      if (!token) break
    }
    out.data(all, { lines: all.length === 0 ? [`${project} has no snapshots.`] : all.map(lineOf) })
  },
})

export const snapshotGet = defineCommand({
  path: ['snapshot', 'get'],
  summary: 'Show a snapshot',
  arguments: { snapshot: idArgument },
  options: { project: projectOption },
  examples: [{ run: 'lakelet snapshot get before-migration -o json', does: 'shows all that is known of it' }],
  async handler(context, { arguments: { snapshot }, options }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const params = await pathOf(context, snapshot, options.project)
    const found = await client.call(snapshotRoutes.getSnapshot, { params }, signal)
    out.data(found, { lines: [lineOf(found)] })
  },
})

export const snapshotDelete = defineCommand({
  path: ['snapshot', 'delete'],
  summary: 'Delete a snapshot; branches that were made from it stay',
  arguments: { snapshot: idArgument },
  options: { project: projectOption, timeout },
  examples: [{ run: 'lakelet snapshot delete before-migration', does: 'deletes it for good' }],
  async handler(context, { arguments: { snapshot }, options }) {
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const params = await pathOf(context, snapshot, options.project)
    const started = await client.call(snapshotRoutes.deleteSnapshot, { params }, signal)
    await waitForOperation(client, started, { timeoutMs: options.timeout, signal })
    const name = snapshotName(params.project, params.snapshot)
    out.data({ deleted: name }, { lines: [`Deleted ${name}.`] })
  },
})

export const snapshotRestore = defineCommand({
  path: ['snapshot', 'restore'],
  summary: 'Bring back what a snapshot holds, as a new branch or in the place of one',
  arguments: { snapshot: idArgument },
  options: {
    project: projectOption,
    to: { value: 'ID', summary: 'id of the branch that is made; made up when left out' },
    inPlace: {
      value: 'BRANCH',
      summary: 'the branch that becomes what the snapshot holds; what it is now is kept as another branch',
    },
    ttl: { value: 'DURATION', summary: 'how long the new branch lives', parse: parseDuration },
    timeout,
  },
  examples: [
    { run: 'lakelet snapshot restore before-migration --to rescue', does: 'makes a branch of it' },
    {
      run: 'lakelet snapshot restore before-migration --in-place production',
      does: 'makes production what it was',
    },
  ],
  async handler(context, { arguments: { snapshot }, options }) {
    const { workspace, out, signal, terminal } = context
    if (options.inPlace !== undefined && options.ttl !== undefined)
      throw usageFailure('--in-place makes no new branch: --ttl does not go with it.')
    const { client } = await workspace()
    const from = await pathOf(context, snapshot, options.project)
    const params = await findBranch(context, namedBranch(options.inPlace, from.project))
    const body = {
      snapshot: snapshotName(from.project, from.snapshot),
      ...(options.inPlace === undefined ? {} : { in_place: true }),
      ...(options.to === undefined ? {} : { branch_id: options.to }),
      ...(options.ttl === undefined ? {} : { ttl: `${Math.ceil(options.ttl / 1000)}s` }),
    }
    const made = await withProgress(terminal, `Restoring ${from.snapshot}`, async (progress) => {
      const started = await client.call(restoreRoutes.restore, { params, body }, signal)
      return (await waitForOperation(client, started, {
        timeoutMs: options.timeout,
        signal,
        onProgress: (message) => progress.say(message),
      })) as Branch
    })
    const line =
      options.inPlace === undefined
        ? `${made.name} holds what ${from.snapshot} does.`
        : `${made.name} is what ${from.snapshot} holds; what it was until now is kept as a branch beside it.`
    out.data(made, { lines: [line] })
  },
})

async function pathOf(
  context: CommandContext,
  text: string,
  project: string | undefined,
): Promise<{ readonly project: string; readonly snapshot: string }> {
  const [projects, owner, snapshots, id, ...rest] = text.split('/')
  if (projects === 'projects' && owner && snapshots === 'snapshots' && id && rest.length === 0)
    return { project: owner, snapshot: id }
  if (text.includes('/'))
    throw usageFailure(
      `'${text}' is neither the id of a snapshot nor a full name, projects/<project>/snapshots/<snapshot>.`,
    )
  return { project: await projectOf(context, project), snapshot: text }
}

async function projectOf(context: CommandContext, project: string | undefined): Promise<string> {
  return (await findBranch(context, namedBranch(undefined, project))).project
}

function lineOf({ name, status, create_time: made }: Snapshot): string {
  const { full_size_bytes: full, diff_size_bytes: diff } = status
  const size =
    full === undefined ? 'is being taken' : `${megabytes(full)} MB, ${megabytes(diff ?? full)} MB of it new`
  const end =
    status.expire_time === undefined ? 'kept until it is deleted' : `kept until ${status.expire_time}`
  return `${name}  of ${status.source_branch}, ${made}: ${size}; ${end}`
}
