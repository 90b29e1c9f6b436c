// Who is connected, from the gateway: reading it neither wakes nor uses the compute.
import type { EndpointSessionView } from '@lakelet/api'
import { useState } from 'react'
import { refresh, useRead } from '../../api/queries.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { runOnce } from '../sql/run-once.ts'

interface SessionsProps {
  readonly params: { readonly project: string; readonly branch: string; readonly endpoint: string }
}

export function Sessions({ params }: SessionsProps) {
  const { data, error, refetch } = useRead('lakelet.listEndpointSessions', { params })
  const [ending, setEnding] = useState<EndpointSessionView>()
  const end = async ({ pid = 0 }: EndpointSessionView) => {
    await runOnce({ ...params, statements: [`select pg_terminate_backend(${pid})`] })
    await refresh('lakelet.listEndpointSessions')
    say(t.activity.ended)
    setEnding(undefined)
  }
  return (
    <Section
      title={t.activity.sessions}
      intro={t.activity.sessionsIntro}
      actions={<Button onClick={() => void refetch()}>{t.activity.refresh}</Button>}
    >
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Skeleton />}
      {data && (
        <ResourceTable
          label={t.activity.sessions}
          rows={data.sessions}
          rowKey={({ session_id: id }) => id}
          textOf={({ role = '', application = '', client_address: at }) => `${role} ${application} ${at}`}
          empty={<p className="text-dim">{t.activity.noSessions}</p>}
          columns={columns()}
          actions={(session) => (
            <Button
              variant="quiet"
              disabledReason={session.pid === undefined ? t.activity.noPid : undefined}
              onClick={() => setEnding(session)}
            >
              {t.activity.end}
            </Button>
          )}
        />
      )}
      {ending && (
        <ConfirmDestructive
          title={`${t.activity.end}: ${ending.role ?? ''}`}
          action={t.activity.end}
          name={ending.role ?? ''}
          lost={t.activity.endLost(ending.role ?? '–')}
          onClose={() => setEnding(undefined)}
          onConfirm={() => end(ending)}
        />
      )}
    </Section>
  )
}

function columns(): Column<EndpointSessionView>[] {
  return [
    {
      key: 'user',
      title: t.activity.user,
      sortBy: ({ role = '' }) => role,
      cell: ({ role = '–' }) => <ForeignText text={role} />,
    },
    {
      key: 'app',
      title: t.activity.app,
      sortBy: ({ application = '' }) => application,
      cell: ({ application = '–' }) => <ForeignText text={application} longest={64} />,
    },
    {
      key: 'database',
      title: t.activity.database,
      isMinor: true,
      cell: ({ database = '–' }) => <ForeignText text={database} />,
    },
    {
      key: 'client',
      title: t.activity.client,
      isMinor: true,
      cell: ({ client_address: address }) => <ForeignText text={address} />,
    },
    {
      key: 'state',
      title: t.activity.state,
      cell: ({ state }) => (state === undefined ? '–' : (t.activity.states[state] ?? state)),
    },
    {
      key: 'since',
      title: t.activity.since,
      isMinor: true,
      sortBy: ({ since }) => since,
      cell: ({ since }) => <Time at={since} />,
    },
    {
      key: 'bytes',
      title: t.activity.bytes,
      isMinor: true,
      sortBy: ({ bytes_from_client: from, bytes_to_client: to }) => from + to,
      cell: ({ bytes_from_client: from, bytes_to_client: to }) =>
        t.activity.bytesBothWays(formatBytes(from), formatBytes(to)),
    },
    {
      key: 'sleep',
      title: t.activity.sleep,
      isMinor: true,
      cell: ({ can_park: canPark, park_refusal: refusal = '' }) =>
        canPark ? t.activity.parks : (t.activity.refusals[refusal] ?? refusal),
    },
  ]
}
