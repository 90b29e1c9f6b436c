import type { App } from '@lakelet/api'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'

export function AttachDatabase({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
  const { data } = useRead('lakelet.getOverview', {})
  const branches = (data?.projects ?? []).flatMap(({ project, branches }) =>
    branches.map(({ branch }) => [branch.name, `${project.project_id} / ${branch.branch_id}`] as const),
  )
  const attach = async (values: FormData) => {
    const branch = textOf(values, 'branch')
    const resource = {
      name: textOf(values, 'key'),
      postgres: {
        branch,
        database: `${branch}/databases/${textOf(values, 'database')}`,
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
    <FormDialog
      title={t.app.attach}
      description={t.app.attachIntro}
      submit={t.app.attach}
      onClose={onClose}
      onSubmit={attach}
    >
      <SelectField name="branch" label={t.app.branch} options={branches} />
      <TextField name="database" label={t.roles.database} defaultValue="databricks-postgres" />
      <TextField name="key" label={t.app.key} hint={t.app.keyHint} defaultValue="postgres" />
    </FormDialog>
  )
}
