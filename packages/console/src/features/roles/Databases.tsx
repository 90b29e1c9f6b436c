import type { Database, databaseActions } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { say } from '../../ui/toast.tsx'

interface BranchParams {
  readonly project: string
  readonly branch: string
}

interface DatabasesProps {
  readonly params: BranchParams
  /** Why an action cannot be taken now. */
  readonly reasonFor: (action: keyof typeof databaseActions) => string | undefined
}

export function Databases({ params, reasonFor }: DatabasesProps) {
  const { data, error, refetch } = useRead('postgres.listDatabases', { params })
  const [isAdding, setAdding] = useState(false)
  const [dropping, setDropping] = useState<Database>()
  const drop = async (database: Database) => {
    await finished(
      await call('postgres.deleteDatabase', { params: { ...params, database: database.database_id } }),
    )
    setDropping(undefined)
  }
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton rows={2} />
  return (
    <Section
      title={t.roles.databases}
      actions={
        <Button disabledReason={reasonFor('create')} onClick={() => setAdding(true)}>
          {t.roles.addDatabase}
        </Button>
      }
    >
      <ResourceTable
        label={t.roles.databases}
        rows={data.databases ?? []}
        rowKey={({ name }) => name}
        empty={null}
        columns={columns()}
        actions={(database) => (
          <Button
            variant="quiet"
            disabledReason={reasonFor('delete')}
            aria-label={`${t.common.delete}: ${database.status.postgres_database}`}
            onClick={() => setDropping(database)}
          >
            {t.common.delete}
          </Button>
        )}
      />
      {isAdding && <AddDatabase params={params} onClose={() => setAdding(false)} />}
      {dropping && (
        <ConfirmDestructive
          title={`${t.roles.dropDatabase}: ${dropping.status.postgres_database}`}
          action={t.roles.dropDatabase}
          name={dropping.status.postgres_database}
          lost={t.roles.dropDatabaseLost}
          isForever
          onClose={() => setDropping(undefined)}
          onConfirm={() => drop(dropping)}
        />
      )}
    </Section>
  )
}

function columns(): Column<Database>[] {
  return [
    {
      key: 'name',
      title: t.roles.database,
      cell: ({ status }) => <ForeignText text={status.postgres_database} />,
    },
    { key: 'owner', title: t.roles.owner, cell: ({ status }) => <bdi>{status.role.split('/').at(-1)}</bdi> },
  ]
}

function AddDatabase({ params, onClose }: { readonly params: BranchParams; readonly onClose: () => void }) {
  const { data } = useRead('postgres.listRoles', { params })
  const add = async (values: FormData) => {
    const name = textOf(values, 'name')
    const spec = { postgres_database: name, role: textOf(values, 'owner') }
    await finished(await call('postgres.createDatabase', { params, query: {}, body: { spec } }))
    say(t.roles.databaseAdded(name))
    onClose()
  }
  return (
    <FormDialog title={t.roles.addDatabase} submit={t.common.create} onClose={onClose} onSubmit={add}>
      <TextField name="name" label={t.roles.databaseName} autoFocus required />
      <SelectField
        name="owner"
        label={t.roles.owner}
        options={(data?.roles ?? []).map((each) => [each.name, each.status.postgres_role])}
      />
    </FormDialog>
  )
}
