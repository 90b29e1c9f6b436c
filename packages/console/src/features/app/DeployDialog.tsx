import type { App } from '@lakelet/api'
import { useNavigate } from '@tanstack/react-router'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'

export function DeployDialog({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
  const navigate = useNavigate()
  const deploy = async (values: FormData) => {
    const deployment = await call('apps.createDeployment', {
      params: { name: app.name },
      body: { source_code_path: textOf(values, 'path'), mode: 'SNAPSHOT' },
    })
    await refresh('')
    say(t.app.deployed)
    void navigate({ to: paths.app(app.name, '/deployments'), search: { id: deployment.deployment_id } })
  }
  const path = app.active_deployment?.source_code_path ?? app.default_source_code_path
  return (
    <FormDialog
      title={`${t.app.deploy}: ${app.name}`}
      submit={t.app.deploy}
      onClose={onClose}
      onSubmit={deploy}
    >
      <TextField
        name="path"
        label={t.app.deployFrom}
        hint={t.app.deployFromHint}
        defaultValue={path}
        required
      />
    </FormDialog>
  )
}
