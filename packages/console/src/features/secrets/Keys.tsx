import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'

/** What a scope holds. */
export function Keys({ scope }: { readonly scope: string }) {
  const { data, error, refetch } = useRead('secrets.list', { query: { scope } })
  const [dialog, setDialog] = useState<'put' | 'delete scope' | { readonly key: string }>()
  const close = () => setDialog(undefined)
  const secrets = data?.secrets ?? []
  return (
    <Section
      title={`${t.secrets.keys}: ${scope}`}
      actions={
        <span className="flex flex-wrap gap-2">
          <Button onClick={() => setDialog('put')}>{t.secrets.put}</Button>
          <Button variant="danger" onClick={() => setDialog('delete scope')}>
            {t.secrets.deleteScope}
          </Button>
        </span>
      }
    >
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={2} />}
      {data && (
        <ResourceTable
          label={t.secrets.keys}
          rows={secrets}
          rowKey={({ key }) => key}
          textOf={({ key }) => key}
          columns={[
            { key: 'key', title: t.secrets.key, cell: ({ key }) => <code>{key}</code> },
            {
              key: 'updated',
              title: t.secrets.updated,
              isNumber: true,
              cell: ({ last_updated_timestamp: at }) => <Time at={at} />,
            },
          ]}
          actions={({ key }) => (
            <Button
              variant="quiet"
              aria-label={`${t.common.delete}: ${key}`}
              onClick={() => setDialog({ key })}
            >
              {t.common.delete}
            </Button>
          )}
          empty={<p className="text-dim">{t.secrets.noKeys}</p>}
        />
      )}
      {dialog === 'put' && <PutSecret scope={scope} onClose={close} />}
      {dialog === 'delete scope' && <DeleteScope scope={scope} count={secrets.length} onClose={close} />}
      {typeof dialog === 'object' && <DeleteKey scope={scope} secret={dialog.key} onClose={close} />}
    </Section>
  )
}

interface DialogProps {
  readonly scope: string
  readonly onClose: () => void
}

function PutSecret({ scope, onClose }: DialogProps) {
  const put = async (values: FormData) => {
    const key = textOf(values, 'key')
    // Spaces at its ends belong to a value.
    const value = values.get('value')
    const body = { scope, key, string_value: typeof value === 'string' ? value : '' }
    await call('secrets.put', { body })
    await refresh('secrets.list')
    say(t.secrets.stored(key))
    onClose()
  }
  return (
    <FormDialog title={`${t.secrets.put}: ${scope}`} submit={t.common.save} onClose={onClose} onSubmit={put}>
      <TextField name="key" label={t.secrets.key} hint={t.secrets.putHint} autoFocus required />
      <TextField name="value" label={t.secrets.value} type="password" autoComplete="new-password" required />
    </FormDialog>
  )
}

function DeleteKey({ scope, secret, onClose }: DialogProps & { readonly secret: string }) {
  const remove = async () => {
    await call('secrets.delete', { body: { scope, key: secret } })
    await refresh('secrets.list')
    say(t.secrets.deleted(secret))
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.common.delete}: ${scope}/${secret}`}
      action={t.common.delete}
      name={secret}
      lost={t.secrets.deleteKeyLost}
      isForever
      onClose={onClose}
      onConfirm={remove}
    />
  )
}

function DeleteScope({ scope, count, onClose }: DialogProps & { readonly count: number }) {
  const remove = async () => {
    await call('secrets.deleteScope', { body: { scope } })
    say(t.secrets.deleted(scope))
    onClose()
    await refresh('secrets.listScopes')
  }
  return (
    <ConfirmDestructive
      title={`${t.secrets.deleteScope}: ${scope}`}
      action={t.secrets.deleteScope}
      name={scope}
      lost={t.secrets.deleteScopeLost(count)}
      isForever
      onClose={onClose}
      onConfirm={remove}
    />
  )
}
