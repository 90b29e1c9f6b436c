import {
  ApiError,
  type Client,
  type ComputeActivityView,
  type Endpoint,
  appsRoutes,
  branchRoutes,
  endpointRoutes,
  objectArchiveRoutes,
  overviewRoutes,
  projectRoutes,
  type Session,
} from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import type { CommandContext } from '../../command/context.ts'
import { sizeText } from '../../command/sizes.ts'
import { paramsOf } from '../../postgres/endpoint-target.ts'
import { requireLocalWorkspace } from '../../config/resolve.ts'
import { ownersClient } from '../../config/owners-client.ts'
import { archiveLines } from '../archive/status.ts'

export const status = defineCommand({
  path: ['status'],
  summary: 'Show the workspace that runs on this machine: addresses, apps and computes',
  description:
    'The one that runs in .lakelet of this directory or above, or that --data-dir or --profile names.',
  examples: [
    { run: 'lakelet status', does: 'shows what runs' },
    { run: 'lakelet status --field postgres.port', does: 'prints the port of Postgres' },
  ],
  async handler(context) {
    const local = await requireLocalWorkspace(context.terminal, context)
    const { dataDir } = local
    const client = await ownersClient(context.terminal, local)
    const [apps, endpoints, session, archive] = await Promise.all([
      listApps(client, context),
      listEndpoints(client, context),
      client.call(overviewRoutes.getSession, {}, context.signal),
      client.call(objectArchiveRoutes.getObjectArchive, {}, context.signal),
    ])
    const { computes } = session
    const { host, postgres, user, pid, version, caFile, configFile } = local
    context.out.data(
      {
        data_dir: dataDir,
        pid,
        version,
        host,
        postgres,
        user,
        ca_file: caFile,
        config_file: configFile,
        computes,
        apps,
        endpoints,
        archive,
      },
      {
        lines: [
          `Workspace   ${host}`,
          `Postgres    ${postgres.host}:${postgres.port}`,
          `Owner       ${user}`,
          `Process     ${pid}, Lakelet ${version}, in ${dataDir}`,
          `Computes    ${computesLine(computes)}`,
          ...(archive.state === 'off' ? [] : archiveLines(archive)),
          ...apps.map((app) => `App         ${app.name}: ${app.state}, ${app.url}`),
          ...endpoints.flatMap(({ name, state, pending_state: pending, problem, replica, members = [] }) => [
            `Endpoint    ${name}: ${state}${pending ? `, to be ${pending}` : ''}${replica ? `, ${lagText(replica)}` : ''}`,
            ...members.map(memberText),
            ...(problem ? [`            since ${problem.since}: ${problem.message}`] : []),
          ]),
        ],
      },
    )
  },
})

/** In words, for people; `lakelet doctor` says the same. */
export function computesLine({ awake, waiting, used_bytes, memory_bytes }: Session['computes']): string {
  const megabytes = (bytes: number) => Math.round(bytes / 1_000_000)
  const waits = waiting === 0 ? '' : `, ${waiting} waiting for memory`
  return `${awake} awake, ${megabytes(used_bytes)} of ${megabytes(memory_bytes)} MB${waits}`
}

async function listApps(client: Client, { signal }: CommandContext) {
  const { apps = [] } = await client.call(appsRoutes.list, {}, signal)
  return apps.map((app) => ({ name: app.name, state: app.app_status.state, url: app.url }))
}

async function listEndpoints(client: Client, { signal }: CommandContext) {
  const { projects = [] } = await client.call(projectRoutes.listProjects, {}, signal)
  const found = projects.map(async ({ project_id: project }) => {
    const { branches = [] } = await client.call(branchRoutes.listBranches, { params: { project } }, signal)
    const lists = branches.map(({ status: { branch_id: branch } }) =>
      client.call(endpointRoutes.listEndpoints, { params: { project, branch } }, signal),
    )
    return (await Promise.all(lists)).flatMap(({ endpoints = [] }) => endpoints)
  })
  return Promise.all((await Promise.all(found)).flat().map((endpoint) => describe(client, endpoint, signal)))
}

type Replica = NonNullable<ComputeActivityView['replica']>

/** With how far it is behind its branch, where it is a replica that is awake, and with the computes of a group. */
async function describe(client: Client, endpoint: Endpoint, signal: AbortSignal) {
  const { name, status } = endpoint
  const { endpoint_type: type, current_state: state, pending_state: pending, problem } = status
  const isAwakeReplica = type === 'ENDPOINT_TYPE_READ_ONLY' && state === 'ACTIVE'
  const isGroup = status.group.max > 1
  const activity = isAwakeReplica || isGroup ? await activityOf(client, endpoint, signal) : undefined
  return {
    name,
    state,
    ...(pending ? { pending_state: pending } : {}),
    ...(problem ? { problem } : {}),
    ...(isAwakeReplica && activity?.replica ? { replica: activity.replica } : {}),
    ...(activity?.members ? { members: activity.members } : {}),
  }
}

/** Undefined for one that went away since it was listed. */
async function activityOf(
  client: Client,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<ComputeActivityView | undefined> {
  try {
    return await client.call(endpointRoutes.getActivity, { params: paramsOf(endpoint) }, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

type Member = NonNullable<ComputeActivityView['members']>[number]

function memberText({ compute_instance_id: id, state, sessions, replica }: Member): string {
  return `            ${id}: ${state}, ${sessions} sessions${replica ? `, ${lagText(replica)}` : ''}`
}

/** In words: how far a replica is behind its branch. */
function lagText({ is_streaming: isStreaming, lag_bytes: bytes, lag_ms: ms }: Replica): string {
  const from = isStreaming ? 'follows its branch' : 'follows the archive of its branch'
  return bytes === 0
    ? `${from}, has all`
    : `${from}, ${sizeText(bytes)} and ${(ms / 1000).toFixed(1)} s behind`
}
