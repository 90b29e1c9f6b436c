// Who may do what with a project or an app.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import type { Result } from '../../api/types.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'

type Entry = Result<'permissions.get'>['access_control_list'][number]

export function Permissions({ type, id }: { readonly type: string; readonly id: string }) {
  const params = { object_type: type, object_id: id }
  const { data, error, refetch } = useRead('permissions.get', { params })
  const [isGranting, setGranting] = useState(false)
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
      />
      {isGranting && <Grant params={params} onClose={() => setGranting(false)} />}
    </Section>
  )
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
