// The kinds of operation on endpoints.
import type { Endpoint } from '@lakelet/api'
import type { Queries } from '../../metadata/database.ts'
import { updateEndpoint } from '../../metadata/endpoints.ts'
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

/** New settings, tried on the compute; where it does not start with them, the old ones come back. */
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
        undo: ({ input }) => store(input.endpointUid, input.before),
      },
      {
        name: 'apply',
        run: ({ input, signal }) => apply(context, input, signal),
      },
    ],
    complete: async (queries, { input }) => replyOf(context, queries, input),
  }
}

async function apply({ computes }: ControlParts, input: UpdateEndpoint, signal: AbortSignal): Promise<void> {
  const { before, after, endpointUid } = input
  if (after.disabled === 1) {
    await computes.suspend(endpointUid, 'disabled')
    return
  }
  const isChanged = (['min_cu', 'max_cu', 'suspend_seconds', 'pg_settings'] as const).some(
    (field) => before[field] !== after[field],
  )
  if (isChanged) await computes.restart(endpointUid, signal)
  // A compute that sleeps is woken for settings of the user: only Postgres can tell whether it takes them.
  if (before.pg_settings !== after.pg_settings) {
    await computes.withAdmin(endpointUid, async () => undefined, { signal })
  }
}

async function replyOf(context: ControlParts, queries: Queries, input: UpdateEndpoint): Promise<Endpoint> {
  const { endpoint, branch, project } = await liveEndpoint(queries, {
    project: input.projectUid,
    branch: input.branchUid,
    endpoint: input.endpointUid,
  })
  return viewEndpoint({ row: endpoint, branch, project }, context)
}
