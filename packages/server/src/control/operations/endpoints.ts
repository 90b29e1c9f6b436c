// The kinds of operation on endpoints.
import type { Endpoint } from '@lakelet/api'
import { secondariesOf } from '../../base/group-members.ts'
import type { Queries } from '../../metadata/database.ts'
import { listEndpoints, updateEndpoint } from '../../metadata/endpoints.ts'
import type { SettingsApplied } from '../../computes/index.ts'
import type { ControlParts } from '../context.ts'
import type { EndpointSettings } from '../rules/endpoint.ts'
import { viewEndpoint } from '../views/endpoint.ts'
import { EMPTY } from '../views/operation.ts'
import { liveEndpoint } from '../rules/resolve.ts'
import type { OperationKind } from '../../operations/operation-kind.ts'

interface UpdateEndpoint {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
  readonly before: EndpointSettings
  readonly after: EndpointSettings
}

/** A read-only endpoint; the row is stored with the operation. */
interface CreateEndpoint {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
}

/** Its row is gone with the request. */
interface DeleteEndpoint {
  readonly endpointUid: string
}

export interface EndpointOperations {
  readonly create: OperationKind<CreateEndpoint>
  readonly delete: OperationKind<DeleteEndpoint>
  readonly update: OperationKind<UpdateEndpoint>
}

export function endpointOperations(context: ControlParts): EndpointOperations {
  return {
    create: createOperation(context),
    update: updateOperation(context),
    delete: deleteOperation(context),
  }
}

/** Its files are made when it wakes. */
function createOperation(context: ControlParts): OperationKind<CreateEndpoint> {
  return {
    name: 'create_endpoint',
    metadataType: 'Endpoint',
    steps: [],
    complete: async (queries, { input }) => replyOf(context, queries, input, {}),
  }
}

function deleteOperation({ computes }: ControlParts): OperationKind<DeleteEndpoint> {
  return {
    name: 'delete_endpoint',
    metadataType: 'Endpoint',
    steps: [{ name: 'remove', run: ({ input }) => computes.remove(input.endpointUid) }],
    complete: async () => EMPTY,
  }
}

/** New settings, applied to the compute if it is awake; where it does not take them, the old ones come back. */
function updateOperation(context: ControlParts): OperationKind<UpdateEndpoint> {
  const { metadata, clock } = context
  const store = (uid: string, settings: EndpointSettings) =>
    updateEndpoint(metadata.db, uid, { ...settings, update_time: clock.now().toISOString() })
  return {
    name: 'update_endpoint',
    metadataType: 'Endpoint',
    steps: [
      {
        name: 'store',
        run: ({ input }) => store(input.endpointUid, input.after),
        undo: async ({ input, log }) => {
          await store(input.endpointUid, input.before)
          await removeSecondaries(context, input.endpointUid, input.before.group_size, input.after.group_size)
          await context.computes.applySettings(input.endpointUid).catch((error: unknown) => {
            log.warn({ err: error }, 'the settings from before could not be applied to the compute')
          })
        },
      },
      {
        name: 'apply',
        run: async ({ input, signal }) => ({ ...(await apply(context, input, signal)) }),
      },
    ],
    complete: async (queries, { input, progress }) => replyOf(context, queries, input, progress),
  }
}

/** What became of the settings, for the reply. */
type Applied = Partial<SettingsApplied>

async function apply(context: ControlParts, input: UpdateEndpoint, signal: AbortSignal): Promise<Applied> {
  const { computes } = context
  const { before, after, endpointUid } = input
  if (after.disabled === 1) {
    await computes.suspend(endpointUid, 'disabled')
    return {}
  }
  await removeSecondaries(context, endpointUid, after.group_size, before.group_size)
  const applied = await applySettings(context, input, signal)
  // A group is awake; one that was there already is looked after by its reconciler.
  if (after.group_size > before.group_size) {
    await computes.wake(endpointUid, signal)
    for (const uid of secondariesOf(endpointUid, after.group_size)) await computes.wake(uid, signal)
  }
  return applied
}

/** Those of a group of `larger` computes that one of `smaller` does not have. */
async function removeSecondaries(
  { computes }: Pick<ControlParts, 'computes'>,
  endpointUid: string,
  smaller: number,
  larger: number,
): Promise<void> {
  for (const uid of secondariesOf(endpointUid, larger).slice(smaller - 1)) await computes.remove(uid)
}

async function applySettings(
  context: ControlParts,
  input: UpdateEndpoint,
  signal: AbortSignal,
): Promise<Applied> {
  const { before, after, endpointUid } = input
  const isChanged = (['min_cu', 'max_cu', 'suspend_seconds', 'pg_settings'] as const).some(
    (field) => before[field] !== after[field],
  )
  if (!isChanged) return {}
  const applied = await context.computes.applySettings(endpointUid, signal)
  await applyToReplicas(context, input, signal)
  return applied
}

/** What a standby must have as much of as its primary follows that. */
async function applyToReplicas(
  { computes, metadata }: ControlParts,
  { branchUid, endpointUid, before, after }: UpdateEndpoint,
  signal: AbortSignal,
): Promise<void> {
  for (const uid of secondariesOf(endpointUid, after.group_size)) await computes.applySettings(uid, signal)
  if (before.max_cu === after.max_cu && before.pg_settings === after.pg_settings) return
  const replicas = (await listEndpoints(metadata.db, branchUid)).filter(({ uid }) => uid !== endpointUid)
  for (const { uid } of replicas) await computes.applySettings(uid, signal)
}

async function replyOf(
  context: ControlParts,
  queries: Queries,
  input: CreateEndpoint,
  { applied, restartedFor }: Applied,
): Promise<Endpoint> {
  const { endpoint, branch, project } = await liveEndpoint(queries, {
    project: input.projectUid,
    branch: input.branchUid,
    endpoint: input.endpointUid,
  })
  const view = viewEndpoint({ row: endpoint, branch, project }, context)
  if (applied === undefined) return view
  const restarted = restartedFor && restartedFor.length > 0 ? { restarted_for: [...restartedFor] } : {}
  return { ...view, lakelet: { settings_applied: applied, ...restarted } }
}
