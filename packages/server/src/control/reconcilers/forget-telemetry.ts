import { listEndpointUids } from '../../metadata/endpoints.ts'
import type { ComputeHistory } from '../../telemetry/index.ts'
import type { ControlParts } from '../context.ts'

/**
 * Forgets what was measured of endpoints that are gone for good; those of deleted branches that can come back are still stored. Drops what is
 * too old of all others.
 */
export async function forgetTelemetry(
  { metadata }: Pick<ControlParts, 'metadata'>,
  history: Pick<ComputeHistory, 'keepOnly'>,
): Promise<void> {
  history.keepOnly(new Set(await listEndpointUids(metadata.db)))
}
