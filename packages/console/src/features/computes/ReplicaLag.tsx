// How far a read replica is behind its branch; nothing while it sleeps.
import type { ComputeActivityView, Endpoint } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { formatBytes, formatNumber } from '../../text/format.ts'
import { t } from '../../text/index.ts'

interface ReplicaLagProps {
  readonly endpoint: Endpoint
  readonly params: { readonly project: string; readonly branch: string }
}

export function ReplicaLag({ endpoint, params }: ReplicaLagProps) {
  const { data } = useRead('lakelet.getEndpointActivity', {
    params: { ...params, endpoint: endpoint.endpoint_id },
  })
  if (!data?.replica) return null
  return (
    <p className="mt-1 text-dim" data-replica-lag>
      {lagSentence(data.replica)}
    </p>
  )
}

export function lagSentence({
  is_streaming: isStreaming,
  lag_bytes: bytes,
  lag_ms: ms,
}: NonNullable<ComputeActivityView['replica']>): string {
  const texts = t.computes
  const from = isStreaming ? texts.replicaStreaming : texts.replicaArchive
  const behind =
    bytes === 0 ? texts.replicaUpToDate : texts.replicaBehind(formatBytes(bytes), formatNumber(ms / 1000, 1))
  return `${from} ${behind}`
}
