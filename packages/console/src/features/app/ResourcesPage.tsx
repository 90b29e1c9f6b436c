import type { App } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty, Section } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { say } from '../../ui/toast.tsx'
import { AppFrame } from './AppFrame.tsx'
import { AttachDatabase } from './AttachDatabase.tsx'
import { AttachSecret } from './AttachSecret.tsx'

type Resource = NonNullable<App['resources']>[number]

export function ResourcesPage() {
  return <AppFrame title={t.app.resources}>{(app) => <Resources app={app} />}</AppFrame>
}

function Resources({ app }: { readonly app: App }) {
  const [dialog, setDialog] = useSearchValue('new')
  const [detaching, setDetaching] = useState<Resource>()
  const close = () => setDialog(undefined)
  return (
    <Section
      title={t.app.resources}
      intro={t.app.attachIntro}
      actions={
        <span className="flex flex-wrap gap-2">
          <Button onClick={() => setDialog('database')}>{t.app.attach}</Button>
          <Button onClick={() => setDialog('secret')}>{t.app.attachSecret}</Button>
        </span>
      }
    >
      <ResourceTable
        label={t.app.resources}
        rows={app.resources ?? []}
        rowKey={({ name }) => name}
        columns={columns()}
        actions={(resource) => (
          <Button
            variant="quiet"
            aria-label={`${t.app.detach}: ${resource.name}`}
            onClick={() => setDetaching(resource)}
          >
            {t.app.detach}
          </Button>
        )}
        empty={<Empty title={t.app.noResources} />}
      />
      {dialog === 'database' && <AttachDatabase app={app} onClose={close} />}
      {dialog === 'secret' && <AttachSecret app={app} onClose={close} />}
      {detaching && <Detach app={app} resource={detaching} onClose={() => setDetaching(undefined)} />}
    </Section>
  )
}

function columns(): Column<Resource>[] {
  return [
    { key: 'key', title: t.app.key, cell: ({ name }) => <ForeignText text={name} /> },
    {
      key: 'resource',
      title: t.app.resource,
      cell: (resource) => (
        <code>
          <ForeignText text={placeOf(resource)} />
        </code>
      ),
    },
    {
      key: 'permission',
      title: t.app.permission,
      isMinor: true,
      cell: ({ postgres, secret, app }) =>
        postgres?.permission ?? secret?.permission ?? app?.permission ?? '–',
    },
  ]
}

function placeOf(resource: Resource): string {
  const { postgres, secret, app } = resource
  if (secret) return `${secret.scope}/${secret.key}`
  if (app) return `app ${app.name}`
  const kind = absentKindOf(resource)
  if (kind !== undefined) return `${kind} ${JSON.stringify(resource[kind])}`
  return postgres?.database?.includes('/')
    ? postgres.database
    : [postgres?.branch, postgres?.database].filter((part) => part).join(' ')
}

/** The kind of a resource that no local workspace has. */
function absentKindOf(resource: Resource) {
  const known = ['name', 'description', 'postgres', 'secret', 'app']
  return Object.keys(resource).find((key) => !known.includes(key))
}

function lostWith(resource: Resource): string {
  if (resource.secret) return t.app.detachSecretLost(resource.secret.scope)
  if (resource.app) return t.app.detachAppLost(resource.app.name)
  return absentKindOf(resource) === undefined
    ? t.app.detachDatabaseLost(placeOf(resource))
    : t.app.detachOtherLost
}

function Detach({
  app,
  resource,
  onClose,
}: {
  readonly app: App
  readonly resource: Resource
  readonly onClose: () => void
}) {
  const detach = async () => {
    const left = (app.resources ?? []).filter(({ name }) => name !== resource.name)
    await call('apps.update', { params: { name: app.name }, body: { resources: left } })
    await refresh('')
    say(t.app.detached)
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.app.detach}: ${resource.name}`}
      action={t.app.detach}
      name={resource.name}
      lost={lostWith(resource)}
      onClose={onClose}
      onConfirm={detach}
    />
  )
}
