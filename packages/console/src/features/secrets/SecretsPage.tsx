// Secret scopes: what is stored in them and who may use them. Values go in here and never come out.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { CheckField, FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { Empty, Page, Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { AccessList } from './AccessList.tsx'
import { Keys } from './Keys.tsx'

export function SecretsPage() {
  const { data, error, refetch } = useRead('secrets.listScopes', {})
  const [chosen, choose] = useSearchValue('scope')
  const [isAdding, setAdding] = useState(false)
  const scopes = data?.scopes ?? []
  const scope = scopes.find(({ name }) => name === chosen)?.name ?? scopes[0]?.name
  return (
    <Page
      title={t.secrets.title}
      intro={t.secrets.intro}
      actions={
        <Button variant="primary" onClick={() => setAdding(true)}>
          {t.secrets.addScope}
        </Button>
      }
    >
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data && <Scopes names={scopes.map(({ name }) => name)} chosen={scope} onChoose={choose} />}
      {scope !== undefined && <Keys key={`keys ${scope}`} scope={scope} />}
      {scope !== undefined && <AccessList key={`access ${scope}`} scope={scope} />}
      {isAdding && (
        <AddScope
          onClose={() => setAdding(false)}
          onAdded={(name) => {
            setAdding(false)
            choose(name)
          }}
        />
      )}
    </Page>
  )
}

function Scopes({
  names,
  chosen,
  onChoose,
}: {
  readonly names: readonly string[]
  readonly chosen: string | undefined
  readonly onChoose: (name: string) => void
}) {
  return (
    <Section title={t.secrets.scopes}>
      <ResourceTable
        label={t.secrets.scopes}
        rows={names}
        rowKey={(name) => name}
        textOf={(name) => name}
        columns={[
          {
            key: 'name',
            title: t.secrets.scope,
            cell: (name) => (
              <button
                type="button"
                className={`text-accent hover:underline ${name === chosen ? 'font-semibold' : ''}`}
                aria-pressed={name === chosen}
                onClick={() => onChoose(name)}
              >
                <ForeignText text={name} />
              </button>
            ),
          },
        ]}
        empty={
          <Empty title={t.secrets.none}>
            <p>{t.secrets.noneText}</p>
          </Empty>
        }
      />
    </Section>
  )
}

function AddScope({
  onClose,
  onAdded,
}: {
  readonly onClose: () => void
  readonly onAdded: (name: string) => void
}) {
  const add = async (values: FormData) => {
    const scope = textOf(values, 'scope')
    const everybody = values.get('everybody') === 'on' ? { initial_manage_principal: 'users' } : {}
    await call('secrets.createScope', { body: { scope, ...everybody } })
    await refresh('secrets.listScopes')
    onAdded(scope)
  }
  return (
    <FormDialog title={t.secrets.addScope} submit={t.common.create} onClose={onClose} onSubmit={add}>
      <TextField name="scope" label={t.secrets.scope} hint={t.secrets.scopeHint} autoFocus required />
      <CheckField name="everybody" label={t.secrets.everybody} />
    </FormDialog>
  )
}
