// Gives an app a database: choose it, see what that does, done.
import type { App } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { WhatItDoes } from './WhatItDoes.tsx'

export function AttachDatabase({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
  const { data } = useRead('lakelet.getOverview', {})
  const branches = (data?.projects ?? []).flatMap((each) =>
    each.branches.map(({ branch }) => ({ branch, project: each.project })),
  )
  const [chosen, choose] = useState<string>()
  const selected = branches.find(({ branch }) => branch.name === chosen) ?? branches[0]
  const attach = async (values: FormData) => {
    const resource = {
      name: textOf(values, 'key'),
      postgres: {
        branch: textOf(values, 'branch'),
        database: textOf(values, 'database'),
        permission: 'CAN_CONNECT_AND_CREATE' as const,
      },
    }
    const others = (app.resources ?? []).filter((each) => each.name !== resource.name)
    await call('apps.update', { params: { name: app.name }, body: { resources: [...others, resource] } })
    await refresh('')
    say(t.app.attached)
    onClose()
  }
  return (
    <FormDialog title={t.app.attach} submit={t.app.attach} onClose={onClose} onSubmit={attach}>
      <SelectField
        name="branch"
        required
        label={t.app.branch}
        value={selected?.branch.name ?? ''}
        onChange={(event) => choose(event.target.value)}
        options={branches.map(
          ({ project, branch }) => [branch.name, `${project.project_id} / ${branch.branch_id}`] as const,
        )}
      />
      {selected && <DatabaseField project={selected.project.project_id} branch={selected.branch.branch_id} />}
      <SelectField
        name="permission"
        label={t.app.permission}
        options={[['CAN_CONNECT_AND_CREATE', 'CAN_CONNECT_AND_CREATE']]}
      />
      <TextField name="key" label={t.app.key} hint={t.app.keyHint} defaultValue="postgres" required />
      <WhatItDoes lines={t.app.attachDoes(app.service_principal_client_id)} />
    </FormDialog>
  )
}

/** The databases of a branch as they are known; a sleeping compute stays asleep. */
function DatabaseField(params: { readonly project: string; readonly branch: string }) {
  const { data } = useRead('postgres.listDatabases', { params })
  return (
    <SelectField
      name="database"
      required
      label={t.roles.database}
      options={(data?.databases ?? []).map(({ name, status }) => [name, status.postgres_database] as const)}
    />
  )
}
