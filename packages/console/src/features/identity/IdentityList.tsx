// Users, groups and service principals are lists of the same kind: add one, remove one.
import { type ReactNode, useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { say } from '../../ui/toast.tsx'
import { EditIdentity } from './EditIdentity.tsx'
import type { Identity, Kind } from './identities.ts'

interface IdentityListProps<T extends Identity> {
  readonly kind: Kind
  readonly title: string
  readonly intro: string
  readonly add: string
  readonly label: string
  /** The resource to create from what was typed. */
  readonly resourceOf: (typed: string) => object
  readonly rows: readonly T[] | undefined
  readonly error: unknown
  readonly columns: readonly Column<T>[]
  readonly more?: (row: T) => ReactNode
}

export function IdentityList<T extends Identity>({ kind, rows, error, ...props }: IdentityListProps<T>) {
  const { data: session } = useRead('lakelet.getSession', {})
  const [isAdding, setAdding] = useState(false)
  const [editing, setEditing] = useState<T>()
  const [removing, setRemoving] = useState<T>()
  const reason = session && !session.is_admin ? t.identity.onlyAdmins : undefined
  const add = async (values: FormData) => {
    const typed = textOf(values, 'name')
    await call(`scim.create${kind}`, { body: props.resourceOf(typed) })
    await refresh(`scim.list${kind}s`)
    say(t.identity.added(typed))
    setAdding(false)
  }
  const button = (
    <Button variant="primary" disabledReason={reason} onClick={() => setAdding(true)}>
      {props.add}
    </Button>
  )
  return (
    <Page title={props.title} intro={props.intro} actions={button}>
      {error ? (
        <ErrorPanel error={error} />
      ) : rows ? (
        <ResourceTable
          label={props.title}
          rows={rows}
          rowKey={({ id }) => id}
          textOf={({ displayName }) => displayName}
          columns={props.columns}
          empty={<Empty title={t.identity.none} />}
          actions={(row) => (
            <RowActions
              name={row.displayName}
              reason={reason}
              onEdit={() => setEditing(row)}
              onRemove={() => setRemoving(row)}
            >
              {props.more?.(row)}
            </RowActions>
          )}
        />
      ) : (
        <Skeleton />
      )}
      {isAdding && (
        <FormDialog title={props.add} submit={props.add} onClose={() => setAdding(false)} onSubmit={add}>
          <TextField name="name" label={props.label} autoFocus required />
        </FormDialog>
      )}
      {editing && <EditIdentity kind={kind} identity={editing} onClose={() => setEditing(undefined)} />}
      {removing && <Remove kind={kind} identity={removing} onClose={() => setRemoving(undefined)} />}
    </Page>
  )
}

function RowActions(props: {
  readonly name: string
  readonly reason: string | undefined
  readonly onEdit: () => void
  readonly onRemove: () => void
  readonly children: ReactNode
}) {
  return (
    <span className="flex justify-end gap-1">
      {props.children}
      <Button
        variant="quiet"
        disabledReason={props.reason}
        aria-label={`${t.identity.edit}: ${props.name}`}
        onClick={props.onEdit}
      >
        {t.identity.edit}
      </Button>
      <Button
        variant="quiet"
        disabledReason={props.reason}
        aria-label={`${t.identity.remove}: ${props.name}`}
        onClick={props.onRemove}
      >
        {t.identity.remove}
      </Button>
    </span>
  )
}

function Remove({
  kind,
  identity,
  onClose,
}: {
  readonly kind: Kind
  readonly identity: Identity
  readonly onClose: () => void
}) {
  const remove = async () => {
    await call(`scim.delete${kind}`, { params: { id: identity.id } })
    await refresh(`scim.list${kind}s`)
    say(t.identity.removed(identity.displayName))
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.identity.remove}: ${identity.displayName}`}
      action={t.identity.remove}
      name={identity.displayName}
      lost={t.identity.lost[kind]}
      isForever
      onClose={onClose}
      onConfirm={remove}
    />
  )
}
