import type { App } from '@lakelet/api'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { Section } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { AppFrame } from './AppFrame.tsx'

export function AppSettingsPage() {
  return <AppFrame title={t.shell.settings}>{(app) => <DeleteApp app={app} />}</AppFrame>
}

function DeleteApp({ app }: { readonly app: App }) {
  const navigate = useNavigate()
  const [isOpen, setOpen] = useState(false)
  const remove = async () => {
    await call('apps.delete', { params: { name: app.name } })
    say(t.app.deleted(app.name))
    void navigate({ to: paths.apps })
    await refresh('apps.list', 'lakelet.getOverview')
  }
  return (
    <Section title={t.app.delete} intro={t.app.deleteLost}>
      <Button variant="danger" onClick={() => setOpen(true)}>
        {t.app.delete}
      </Button>
      {isOpen && (
        <ConfirmDestructive
          title={`${t.app.delete}: ${app.name}`}
          action={t.app.delete}
          name={app.name}
          lost={t.app.deleteLost}
          isForever
          onClose={() => setOpen(false)}
          onConfirm={remove}
        />
      )}
    </Section>
  )
}
