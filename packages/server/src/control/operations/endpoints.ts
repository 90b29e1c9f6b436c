// The kinds of operation on endpoints.
import type { Endpoint } from '@lakelet/api'
import type { Queries } from '../../metadata/database.ts'
import { updateEndpoint } from '../../metadata/endpoints.ts'
import type { SettingsApplied } from '../../computes/index.ts'
import type { ControlParts } from '../context.ts'
import type { EndpointSettings } from '../rules/endpoint.ts'
import { viewEndpoint } from '../views/endpoint.ts'
import { liveEndpoint } from '../rules/resolve.ts'
import type { OperationKind } from '../../operations/operation-kind.ts'

interface UpdateEndpoint {
  readonly projectUid: string
  readonly branchUid: string
  readonly endpointUid: string
  readonly before: EndpointSettings
  readonly after: EndpointSettings
}

export interface EndpointOperations {
  readonly update: OperationKind<UpdateEndpoint>
}

export function endpointOperations(context: ControlParts): EndpointOperations {
  return { update: updateOperation(context) }
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

async function apply(
  { computes }: ControlParts,
  input: UpdateEndpoint,
  signal: AbortSignal,
): Promise<Applied> {
  const { before, after, endpointUid } = input
  if (after.disabled === 1) {
    await computes.suspend(endpointUid, 'disabled')
    return {}
  }
  const isChanged = (['min_cu', 'max_cu', 'suspend_seconds', 'pg_settings'] as const).some(
    (field) => before[field] !== after[field],
  )
  return isChanged ? computes.applySettings(endpointUid, signal) : {}
}

async function replyOf(
  context: ControlParts,
  queries: Queries,
  input: UpdateEndpoint,
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
