import type { App } from '@lakelet/api'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty, Section } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { say } from '../../ui/toast.tsx'
import { AppFrame } from './AppFrame.tsx'
import { AttachDatabase } from './AttachDatabase.tsx'

export function ResourcesPage() {
  return <AppFrame title={t.app.resources}>{(app) => <Resources app={app} />}</AppFrame>
}

function Resources({ app }: { readonly app: App }) {
  const [dialog, setDialog] = useSearchValue('new')
  const resources = app.resources ?? []
  const attach = <Button onClick={() => setDialog('database')}>{t.app.attach}</Button>
  const detach = async (name: string) => {
    const left = resources.filter((each) => each.name !== name)
    await call('apps.update', { params: { name: app.name }, body: { resources: left } })
    await refresh('')
    say(t.app.detached)
  }
  return (
    <Section title={t.app.resources} actions={attach}>
      <ResourceTable
        label={t.app.resources}
        rows={resources}
        rowKey={({ name }) => name}
        columns={[
          { key: 'key', title: t.app.key, cell: ({ name }) => <ForeignText text={name} /> },
          {
            key: 'resource',
            title: t.app.resource,
            cell: ({ postgres }) => <code>{postgres?.database ?? postgres?.branch ?? ''}</code>,
          },
        ]}
        actions={({ name }) => (
          <Button variant="quiet" aria-label={`${t.app.detach}: ${name}`} onClick={() => void detach(name)}>
            {t.app.detach}
          </Button>
        )}
        empty={
          <Empty title={t.app.noResources}>
            <p>{t.app.attachIntro}</p>
          </Empty>
        }
      />
      {dialog === 'database' && <AttachDatabase app={app} onClose={() => setDialog(undefined)} />}
    </Section>
  )
}
