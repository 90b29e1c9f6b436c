import { useState } from 'react'
import { call } from '../../api/call.ts'
import type { Result } from '../../api/types.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { SecretOnce } from './SecretOnce.tsx'

const DAY_SECONDS = 86_400
const LIFETIMES = [7, 30, 90]

type Token = Result<'tokens.list'>['token_infos'][number]

export function TokensPage() {
  const { data, error } = useRead('tokens.list', {})
  const [isCreating, setCreating] = useState(false)
  const [secret, setSecret] = useState<string>()
  const [revoking, setRevoking] = useState<Token>()
  const created = (value: string) => {
    setCreating(false)
    setSecret(value)
  }
  const revoke = async (token: Token) => {
    await call('tokens.revoke', { body: { token_id: token.token_id } })
    await refresh('tokens.list')
    say(t.identity.revoked)
    setRevoking(undefined)
  }
  return (
    <Page
      title={t.identity.tokens}
      intro={t.identity.tokensIntro}
      actions={
        <Button variant="primary" onClick={() => setCreating(true)}>
          {t.identity.createToken}
        </Button>
      }
    >
      {error ? (
        <ErrorPanel error={error} />
      ) : data ? (
        <TokenTable tokens={data.token_infos} onRevoke={setRevoking} />
      ) : (
        <Skeleton />
      )}
      {isCreating && <NewToken onClose={() => setCreating(false)} onCreated={created} />}
      {secret !== undefined && (
        <SecretOnce title={t.identity.secretTitle} secret={secret} onClose={() => setSecret(undefined)} />
      )}
      {revoking && (
        <ConfirmDestructive
          title={`${t.identity.revoke}: ${revoking.comment}`}
          action={t.identity.revoke}
          name={revoking.comment}
          lost={t.identity.revokeLost}
          onClose={() => setRevoking(undefined)}
          onConfirm={() => revoke(revoking)}
        />
      )}
    </Page>
  )
}

function NewToken({
  onClose,
  onCreated,
}: {
  readonly onClose: () => void
  readonly onCreated: (value: string) => void
}) {
  const create = async (values: FormData) => {
    const days = Number(textOf(values, 'days'))
    const body = { comment: textOf(values, 'comment'), lifetime_seconds: days * DAY_SECONDS }
    const made = await call('tokens.create', { body })
    await refresh('tokens.list')
    onCreated(made.token_value)
  }
  return (
    <FormDialog
      title={t.identity.createToken}
      submit={t.identity.createToken}
      onClose={onClose}
      onSubmit={create}
    >
      <TextField name="comment" label={t.identity.comment} autoFocus />
      <SelectField
        name="days"
        label={t.identity.lifetime}
        defaultValue="30"
        options={LIFETIMES.map((days) => [String(days), t.identity.days(days)])}
      />
    </FormDialog>
  )
}

function TokenTable({
  tokens,
  onRevoke,
}: {
  readonly tokens: readonly Token[]
  readonly onRevoke: (token: Token) => void
}) {
  return (
    <ResourceTable
      label={t.identity.tokens}
      rows={tokens}
      rowKey={({ token_id }) => token_id}
      empty={
        <Empty title={t.identity.noTokens}>
          <p>{t.identity.noTokensText}</p>
        </Empty>
      }
      columns={[
        { key: 'comment', title: t.identity.comment, cell: ({ comment }) => <ForeignText text={comment} /> },
        {
          key: 'created',
          title: t.identity.created,
          isNumber: true,
          isMinor: true,
          cell: ({ creation_time }) => <Time at={creation_time} />,
        },
        {
          key: 'expires',
          title: t.identity.expires,
          isNumber: true,
          cell: ({ expiry_time }) => (expiry_time < 0 ? t.common.never : <Time at={expiry_time} />),
        },
      ]}
      actions={(token) => (
        <Button
          variant="quiet"
          aria-label={`${t.identity.revoke}: ${token.comment}`}
          onClick={() => onRevoke(token)}
        >
          {t.identity.revoke}
        </Button>
      )}
    />
  )
}
