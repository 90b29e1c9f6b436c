import { useNavigate } from '@tanstack/react-router'
import { type SubmitEvent, useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { TextField, textOf } from '../../ui/form.tsx'
import { Page } from '../../ui/page.tsx'
import { TemplateChoice } from './TemplateChoice.tsx'

const APP_NAME = /^[a-z][a-z0-9-]{1,29}$/

export function NewAppPage() {
  const navigate = useNavigate()
  const { data } = useRead('apps.listTemplates', {})
  const [wrong, setWrong] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const create = async (values: FormData) => {
    const name = textOf(values, 'name')
    setWrong(APP_NAME.test(name) ? undefined : t.apps.nameInvalid)
    if (!APP_NAME.test(name)) return
    setBusy(true)
    setFailure(undefined)
    try {
      const template = textOf(values, 'template')
      await call('apps.create', {
        query: template === '' ? {} : { template },
        body: { name, description: textOf(values, 'description') },
      })
      await refresh('')
      void navigate({ to: paths.app(name) })
    } catch (caught) {
      setFailure(caught)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    void create(new FormData(event.target))
  }
  return (
    <Page title={t.apps.create} intro={t.apps.empty}>
      <form onSubmit={submit} noValidate className="max-w-[680px]">
        <TextField
          name="name"
          label={t.apps.name}
          hint={t.apps.nameHint}
          placeholder="my-lakebase-app"
          error={wrong}
          autoFocus
          required
        />
        <TextField name="description" label={t.apps.description} />
        <TemplateChoice templates={data?.templates ?? []} />
        {failure !== undefined && <ErrorPanel error={failure} />}
        <div className="mt-4">
          <Button type="submit" variant="primary" isBusy={isBusy}>
            {isBusy ? t.common.working : t.apps.create}
          </Button>
        </div>
      </form>
    </Page>
  )
}
