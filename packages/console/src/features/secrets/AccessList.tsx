import { useState } from 'react'
import { ApiError, call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { FormDialog, SelectField, textOf } from '../../ui/form.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'

type Permission = keyof typeof t.secrets.levels
const LEVELS: readonly Permission[] = ['READ', 'WRITE', 'MANAGE']

/** Who may use a scope; who may not manage it does not get to see this. */
export function AccessList({ scope }: { readonly scope: string }) {
  const { data, error, refetch } = useRead('secrets.listAcls', { query: { scope } })
  const [isGranting, setGranting] = useState(false)
  const [revoking, setRevoking] = useState<string>()
  const revoke = async (principal: string) => {
    await call('secrets.deleteAcl', { body: { scope, principal } })
    await refresh('secrets.listAcls')
    setRevoking(undefined)
  }
  if (error instanceof ApiError && error.status === 403) return null
  return (
    <Section
      title={`${t.secrets.access}: ${scope}`}
      actions={<Button onClick={() => setGranting(true)}>{t.secrets.grant}</Button>}
    >
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={2} />}
      {data && (
        <ResourceTable
          label={t.secrets.access}
          rows={data.items ?? []}
          rowKey={({ principal }) => principal}
          columns={[
            {
              key: 'principal',
              title: t.permissions.principal,
              cell: ({ principal }) => <ForeignText text={principal} />,
            },
            {
              key: 'level',
              title: t.secrets.permission,
              cell: ({ permission }) => t.secrets.levels[permission],
            },
          ]}
          actions={({ principal }) => (
            <Button
              variant="quiet"
              aria-label={`${t.identity.remove}: ${principal}`}
              onClick={() => setRevoking(principal)}
            >
              {t.identity.remove}
            </Button>
          )}
          empty={<p className="text-dim">{t.secrets.noAccess}</p>}
        />
      )}
      {isGranting && <Grant scope={scope} onClose={() => setGranting(false)} />}
      {revoking !== undefined && (
        <ConfirmDestructive
          title={`${t.identity.remove}: ${revoking}`}
          action={t.identity.remove}
          name={revoking}
          lost={t.secrets.revokeLost}
          onClose={() => setRevoking(undefined)}
          onConfirm={() => revoke(revoking)}
        />
      )}
    </Section>
  )
}

function Grant({ scope, onClose }: { readonly scope: string; readonly onClose: () => void }) {
  const users = useRead('scim.listUsers', {}).data?.Resources ?? []
  const groups = useRead('scim.listGroups', {}).data?.Resources ?? []
  const services = useRead('scim.listServicePrincipals', {}).data?.Resources ?? []
  const grant = async (values: FormData) => {
    const permission = LEVELS.find((level) => level === textOf(values, 'permission')) ?? 'READ'
    await call('secrets.putAcl', { body: { scope, principal: textOf(values, 'principal'), permission } })
    await refresh('secrets.listAcls')
    onClose()
  }
  return (
    <FormDialog
      title={`${t.secrets.grant}: ${scope}`}
      submit={t.secrets.grant}
      onClose={onClose}
      onSubmit={grant}
    >
      <SelectField
        name="principal"
        label={t.permissions.principal}
        options={[
          ...groups.map(
            ({ displayName }) => [displayName, `${t.permissions.group}: ${displayName}`] as const,
          ),
          ...users.map(({ userName }) => [userName, `${t.permissions.user}: ${userName}`] as const),
          ...services.map(
            ({ applicationId, displayName }) =>
              [applicationId, `${t.permissions.servicePrincipal}: ${displayName}`] as const,
          ),
        ]}
      />
      <SelectField
        name="permission"
        label={t.secrets.permission}
        options={LEVELS.map((level) => [level, t.secrets.levels[level]] as const)}
      />
    </FormDialog>
  )
}
