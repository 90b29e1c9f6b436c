import { credentialEndpoints } from '../control/services/credentials.ts'
import { SqlRuns } from '../control/services/sql/sql-runs.ts'
import type { Identity } from '../identity/start.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Infrastructure } from './infrastructure.ts'

/** SQL over HTTP, by the gateway, whose address is known when a run is asked for. */
export function sqlRunsOf(
  { certificates, clock, log }: Infrastructure,
  { identity, control }: { readonly identity: Identity; readonly control: ControlPlane },
  postgres: () => { readonly host: string; readonly port: number },
): SqlRuns {
  return new SqlRuns({
    credentials: identity.credentials,
    endpoints: credentialEndpoints(control.context),
    gateway: () => ({ ...postgres(), ca: certificates.certificate }),
    clock,
    log: log.child({ component: 'sql' }),
  })
}
