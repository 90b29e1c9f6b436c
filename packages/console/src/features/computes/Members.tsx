// The computes of an endpoint of high availability, how far each is behind, and who reads from it.
import type { ComputeActivityView, Endpoint } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { CopyField } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { lagSentence } from './ReplicaLag.tsx'

type Member = NonNullable<ComputeActivityView['members']>[number]

interface MembersProps {
  readonly endpoint: Endpoint
  readonly params: { readonly project: string; readonly branch: string }
}

export function Members({ endpoint, params }: MembersProps) {
  const { data } = useRead('lakelet.getEndpointActivity', {
    params: { ...params, endpoint: endpoint.endpoint_id },
  })
  if (!data?.members) return null
  const { members: texts } = t.activity
  const host = endpoint.status.hosts.read_only_host
  return (
    <section className="mt-3" aria-label={texts.title} data-members>
      <h4 className="text-dim">{texts.title}</h4>
      <ul className="mt-1 grid gap-1">
        {data.members.map((member) => (
          <li key={member.compute_instance_id} className="flex flex-wrap items-center gap-x-3 gap-y-0.5">
            <StateBadge {...STATES[member.state]} />
            <span>{texts.roles[member.role]}</span>
            <span className="text-dim">{sentences(member).join(' ')}</span>
            {member.last_error !== undefined && member.state !== 'active' && (
              <ForeignText text={member.last_error} longest={300} />
            )}
          </li>
        ))}
      </ul>
      {host !== undefined && (
        <div className="mt-2 flex flex-wrap items-center gap-x-3">
          <span className="text-dim">{texts.readersHost}</span>
          <CopyField label={texts.readersHost} value={host} />
          {host === endpoint.status.hosts.host && (
            <CopyField label={texts.readersOption} value={`options=endpoint=${endpoint.uid}-ro`} />
          )}
        </div>
      )}
    </section>
  )
}

function sentences({ size_cu: size, sessions, replica }: Member): string[] {
  const texts = t.computes
  return [
    ...(size === undefined ? [] : [texts.sizing.now(size)]),
    t.activity.members.sessions(sessions),
    ...(replica ? [lagSentence(replica)] : []),
  ]
}

/** As an endpoint in this state is shown. */
const STATES = {
  idle: { state: 'IDLE' },
  starting: { state: 'IDLE', pending: 'ACTIVE' },
  active: { state: 'ACTIVE' },
  stopping: { state: 'ACTIVE', pending: 'IDLE' },
  failed: { state: 'DEGRADED' },
} as const satisfies Record<Member['state'], { readonly state: string; readonly pending?: string }>
