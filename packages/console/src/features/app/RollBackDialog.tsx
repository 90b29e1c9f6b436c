import { useNavigate } from '@tanstack/react-router'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { FormDialog } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'

/** Asks whether what an earlier deployment was made of shall be deployed again. */
export function RollBackDialog({
  app,
  deployment,
  onClose,
}: {
  readonly app: string
  readonly deployment: string
  readonly onClose: () => void
}) {
  const navigate = useNavigate()
  const rollBack = async () => {
    const params = { name: app, deployment_id: deployment }
    const started = await call('apps.rollBack', { params, body: {} })
    await refresh('')
    say(t.app.deployed)
    onClose()
    void navigate({ to: paths.app(app, '/deployments'), search: { id: started.deployment_id } })
  }
  return (
    <FormDialog
      title={`${t.app.rollBack}: ${deployment}`}
      submit={t.app.rollBack}
      onClose={onClose}
      onSubmit={rollBack}
    >
      <p>{t.app.rollBackDoes}</p>
    </FormDialog>
  )
}
