import { type Branch, type Client, endpointRoutes, restoreRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { waitForOperation } from '../postgres/operation.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { branchOrDefault, namedBranch, projectOption } from './branch-target.ts'

/** Life of a branch that is only looked at. */
const PREVIEW_MS = 3_600_000

export const branchRestore = defineCommand({
  path: ['branch', 'restore'],
  summary: 'Bring back what a branch was at a moment of its past',
  description:
    'As a new branch, which is the safe way, or with --in-place: then the branch keeps its endpoint, host name and ids, its sessions end, and what it is now is kept as a branch of its own.',
  arguments: { branch: branchOrDefault },
  options: {
    project: projectOption,
    time: { value: 'TIME', summary: 'RFC 3339 with a zone, to the microsecond: 2026-01-31T12:00:00.5+09:00' },
    lsn: { value: 'LSN', summary: 'position in the log, such as 0/1A2B3C' },
    snapshot: { value: 'SNAPSHOT', summary: 'id of a snapshot of the project, in place of a moment' },
    inPlace: { summary: 'replace what the branch is now, and keep that as another branch' },
    preview: {
      summary: 'a new branch to look at: read-only unless a session says otherwise, gone in an hour',
    },
    to: { value: 'ID', summary: 'id of the branch that is made; made up when left out' },
    ttl: { value: 'DURATION', summary: 'how long the new branch lives', parse: parseDuration },
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for the end',
      default: '20m',
      parse: parseDuration,
    },
  },
  examples: [
    {
      run: 'lakelet branch restore production --time 2026-01-31T12:00:00Z --preview',
      does: 'lets you look at what it was',
    },
    {
      run: 'lakelet branch restore production --time 2026-01-31T12:00:00Z --in-place',
      does: 'makes it so again',
    },
  ],
  async handler(context, { arguments: { branch }, options }) {
    const body = bodyOf(options)
    const { workspace, out, signal } = context
    const { client } = await workspace()
    const params = await findBranch(context, namedBranch(branch, options.project))
    const started = await client.call(restoreRoutes.restore, { params, body }, signal)
    const onProgress = (message: string) => out.note(`… ${message}`)
    const wait = { timeoutMs: options.timeout, signal, onProgress }
    const made = (await waitForOperation(client, started, wait)) as Branch
    if (options.preview) await makeReadOnly(client, made, { timeoutMs: options.timeout, signal })
    out.data(made, { lines: [linesOf(made, options)] })
    if (!options.inPlace) out.note(`Look at it with: lakelet psql ${made.name}`)
  },
})

interface Options {
  readonly time: string | undefined
  readonly lsn: string | undefined
  readonly snapshot: string | undefined
  readonly inPlace: boolean
  readonly preview: boolean
  readonly to: string | undefined
  readonly ttl: number | undefined
}

function bodyOf({ time, lsn, snapshot, inPlace, preview, to, ttl }: Options) {
  if ([time, lsn, snapshot].filter((each) => each !== undefined).length !== 1) {
    throw usageFailure(
      'Name the moment with --time or with --lsn, or a snapshot with --snapshot.',
      'See lakelet branch history and lakelet snapshot list.',
    )
  }
  if (inPlace && (preview || ttl !== undefined))
    throw usageFailure('--in-place makes no new branch: --preview and --ttl do not go with it.')
  const lifeMs = ttl ?? (preview ? PREVIEW_MS : undefined)
  return {
    ...(time === undefined ? {} : { time }),
    ...(lsn === undefined ? {} : { lsn }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(inPlace ? { in_place: true } : {}),
    ...(to === undefined ? {} : { branch_id: to }),
    ...(lifeMs === undefined ? {} : { ttl: `${Math.ceil(lifeMs / 1000)}s` }),
  }
}

/** What is only looked at is not changed by accident. */
async function makeReadOnly(
  client: Client,
  { name }: Branch,
  wait: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const [, project = '', , branch = ''] = name.split('/')
  const started = await client.call(
    endpointRoutes.updateEndpoint,
    {
      params: { project, branch, endpoint: 'primary' },
      query: { update_mask: 'spec.settings.pg_settings' },
      body: { spec: { settings: { pg_settings: { default_transaction_read_only: 'on' } } } },
    },
    wait.signal,
  )
  await waitForOperation(client, started, wait)
}

function linesOf({ name, status }: Branch, { inPlace, preview }: Options): string {
  if (inPlace) return `${name} is what it was; what it was until now is kept as a branch beside it.`
  const life = status.expire_time === undefined ? '' : `; it goes by itself at ${status.expire_time}`
  return `${name} holds the past${preview ? ', read-only' : ''}${life}`
}
