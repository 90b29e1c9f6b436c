// The computes of the workspace: real Postgres, the stored endpoints, the sessions of the gateway.
import { type Computes, localDriver, type SessionHolder, startComputes } from '../computes/index.ts'
import { catalogObserver } from '../control/catalog/known-catalog.ts'
import { endpointSource } from '../control/services/endpoint-specs.ts'
import type { Infrastructure } from './infrastructure.ts'

export async function startWorkspaceComputes(
  infrastructure: Infrastructure,
  sessions: SessionHolder,
): Promise<Computes> {
  const { metadata, storage, postgres, clock, changes } = infrastructure
  const log = infrastructure.log.child({ component: 'computes' })
  return startComputes({
    driver: localDriver({ postgres, clock, log, archives: storage.archives }),
    storage,
    sessions,
    endpoints: endpointSource(metadata, storage),
    catalogs: catalogObserver({ metadata, clock, log: infrastructure.log.child({ component: 'control' }) }),
    log,
    clock,
    onStateChanged: () => changes.note(['computes']),
  })
}
