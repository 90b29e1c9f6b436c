// Who may do what with a project or an app.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import type { Result } from '../../api/types.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'

type Entry = Result<'permissions.get'>['access_control_list'][number]

export function Permissions({ type, id }: { readonly type: string; readonly id: string }) {
  const params = { object_type: type, object_id: id }
  const { data, error, refetch } = useRead('permissions.get', { params })
  const [isGranting, setGranting] = useState(false)
  const [revoking, setRevoking] = useState<Entry>()
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton />
  return (
    <Section
      title={t.permissions.principal}
      actions={<Button onClick={() => setGranting(true)}>{t.permissions.grant}</Button>}
    >
      <ResourceTable
        label={t.permissions.title}
        rows={data.access_control_list}
        rowKey={nameOf}
        empty={<p className="text-dim">{t.permissions.empty}</p>}
        columns={[
          {
            key: 'name',
            title: t.permissions.principal,
            cell: (entry) => <bdi>{entry.display_name ?? nameOf(entry)}</bdi>,
          },
          { key: 'level', title: t.permissions.level, cell: levelsOf },
        ]}
        actions={(entry) => (
          <Button
            variant="quiet"
            aria-label={`${t.permissions.revoke}: ${nameOf(entry)}`}
            disabledReason={isOwn(entry) ? undefined : t.permissions.isInherited}
            onClick={() => setRevoking(entry)}
          >
            {t.permissions.revoke}
          </Button>
        )}
      />
      {revoking && (
        <Revoke
          params={params}
          all={data.access_control_list}
          entry={revoking}
          onClose={() => setRevoking(undefined)}
        />
      )}
      {isGranting && <Grant params={params} onClose={() => setGranting(false)} />}
    </Section>
  )
}

/** Whether something was granted on the object itself. */
function isOwn({ all_permissions: all }: Entry): boolean {
  return all.some(({ inherited }) => !inherited)
}

function Revoke({
  params,
  all,
  entry,
  onClose,
}: {
  readonly params: { readonly object_type: string; readonly object_id: string }
  readonly all: readonly Entry[]
  readonly entry: Entry
  readonly onClose: () => void
}) {
  const revoke = async () => {
    const left = all.filter((each) => each !== entry && isOwn(each))
    await call('permissions.set', { params, body: { access_control_list: left.flatMap(linesOf) } })
    await refresh('permissions.get')
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.permissions.revoke}: ${nameOf(entry)}`}
      action={t.permissions.revoke}
      name={nameOf(entry)}
      lost={t.permissions.revokeLost(levelsOf(entry))}
      onClose={onClose}
      onConfirm={revoke}
    />
  )
}

/** What was granted on the object itself, as a request says it. */
function linesOf({ user_name, group_name, service_principal_name, all_permissions: all }: Entry) {
  const principal =
    user_name !== undefined
      ? { user_name }
      : group_name !== undefined
        ? { group_name }
        : { service_principal_name }
  return all
    .filter(({ inherited }) => !inherited)
    .map(({ permission_level }) => ({ ...principal, permission_level }))
}

function nameOf(entry: Entry): string {
  return entry.user_name ?? entry.group_name ?? entry.service_principal_name ?? ''
}

function levelsOf({ all_permissions: all }: Entry): string {
  return all
    .map(({ permission_level: level, inherited }) =>
      inherited ? `${level} (${t.permissions.inherited})` : level,
    )
    .join(', ')
}

function Grant({
  params,
  onClose,
}: {
  readonly params: { readonly object_type: string; readonly object_id: string }
  readonly onClose: () => void
}) {
  const grant = async (values: FormData) => {
    const entry = {
      [textOf(values, 'kind')]: textOf(values, 'name'),
      permission_level: textOf(values, 'level'),
    }
    await call('permissions.update', { params, body: { access_control_list: [entry] } })
    await refresh('permissions.get')
    onClose()
  }
  return (
    <FormDialog title={t.permissions.grant} submit={t.permissions.grant} onClose={onClose} onSubmit={grant}>
      <SelectField
        name="kind"
        label={t.permissions.kind}
        options={[
          ['user_name', t.permissions.user],
          ['group_name', t.permissions.group],
          ['service_principal_name', t.permissions.servicePrincipal],
        ]}
      />
      <TextField name="name" label={t.permissions.name} hint={t.permissions.nameHint} autoFocus required />
      <SelectField
        name="level"
        label={t.permissions.level}
        options={[
          ['CAN_USE', 'CAN_USE'],
          ['CAN_MANAGE', 'CAN_MANAGE'],
        ]}
      />
    </FormDialog>
  )
}
