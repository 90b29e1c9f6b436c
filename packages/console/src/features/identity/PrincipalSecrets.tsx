// The OAuth secrets of a service principal: made here, shown once, revoked here.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import type { Result } from '../../api/types.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { SecretOnce } from './SecretOnce.tsx'

type Secret = Result<'servicePrincipalSecrets.list'>['secrets'][number]

interface PrincipalSecretsProps {
  readonly principal: { readonly id: string; readonly displayName: string }
  readonly onClose: () => void
}

export function PrincipalSecrets({ principal, onClose }: PrincipalSecretsProps) {
  const params = { service_principal_id: principal.id }
  const { data, error } = useRead('servicePrincipalSecrets.list', { params, query: {} })
  const [made, setMade] = useState<string>()
  const [revoking, setRevoking] = useState<Secret>()
  const [failure, setFailure] = useState<unknown>()
  const create = async () => {
    setFailure(undefined)
    try {
      setMade((await call('servicePrincipalSecrets.create', { params, body: {} })).secret)
      await refresh('servicePrincipalSecrets.list')
    } catch (caught) {
      setFailure(caught)
    }
  }
  const revoke = async ({ id }: Secret) => {
    await call('servicePrincipalSecrets.revoke', { params: { ...params, secret_id: id } })
    await refresh('servicePrincipalSecrets.list')
    say(t.identity.revoked)
    setRevoking(undefined)
  }
  if (made !== undefined) {
    return <SecretOnce title={t.identity.secretCreated} secret={made} onClose={() => setMade(undefined)} />
  }
  if (revoking) {
    return (
      <ConfirmDestructive
        title={`${t.identity.revoke}: ${revoking.id}`}
        action={t.identity.revoke}
        name={revoking.id}
        lost={t.identity.revokeSecretLost}
        onClose={() => setRevoking(undefined)}
        onConfirm={() => revoke(revoking)}
      />
    )
  }
  const problem = failure ?? error
  return (
    <Dialog
      title={t.identity.secretsOf(principal.displayName)}
      onClose={onClose}
      isWide
      footer={
        <Button variant="primary" onClick={() => void create()}>
          {t.identity.createSecret}
        </Button>
      }
    >
      {problem !== undefined && problem !== null && <ErrorPanel error={problem} />}
      {data && <Secrets secrets={data.secrets} onRevoke={setRevoking} />}
    </Dialog>
  )
}

function Secrets({
  secrets,
  onRevoke,
}: {
  readonly secrets: readonly Secret[]
  readonly onRevoke: (secret: Secret) => void
}) {
  return (
    <ResourceTable
      label={t.identity.secrets}
      rows={secrets}
      rowKey={({ id }) => id}
      empty={<p className="text-dim">{t.identity.noSecrets}</p>}
      columns={[
        { key: 'id', title: t.identity.secretId, cell: ({ id }) => <code>{id.slice(0, 13)}</code> },
        { key: 'created', title: t.identity.created, cell: ({ create_time: at }) => <Time at={at} /> },
        {
          key: 'expires',
          title: t.identity.expires,
          cell: ({ expire_time: at }) => (at === undefined ? t.common.never : <Time at={at} />),
        },
      ]}
      actions={(secret) => (
        <Button
          variant="quiet"
          aria-label={`${t.identity.revoke}: ${secret.id}`}
          onClick={() => onRevoke(secret)}
        >
          {t.identity.revoke}
        </Button>
      )}
    />
  )
}
