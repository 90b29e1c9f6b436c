// Gives an app a secret of a scope.
import type { App } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { Notice } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { WhatItDoes } from './WhatItDoes.tsx'

const LEVELS = ['READ', 'WRITE', 'MANAGE'] as const

export function AttachSecret({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
  const { data } = useRead('secrets.listScopes', {})
  const scopes = (data?.scopes ?? []).map(({ name }) => name)
  const [chosen, choose] = useState<string>()
  const scope = chosen ?? scopes[0]
  const attach = async (values: FormData) => {
    const permission = LEVELS.find((level) => level === textOf(values, 'permission')) ?? 'READ'
    const secret = { scope: textOf(values, 'scope'), key: textOf(values, 'secret'), permission }
    const resource = { name: textOf(values, 'key'), secret }
    const others = (app.resources ?? []).filter((each) => each.name !== resource.name)
    await call('apps.update', { params: { name: app.name }, body: { resources: [...others, resource] } })
    await refresh('')
    say(t.app.secretAttached)
    onClose()
  }
  return (
    <FormDialog title={t.app.attachSecret} submit={t.app.attachSecret} onClose={onClose} onSubmit={attach}>
      {data && scopes.length === 0 && <Notice tone="warning">{t.app.noSecretScopes}</Notice>}
      <SelectField
        name="scope"
        label={t.app.secretScope}
        value={scope ?? ''}
        onChange={(event) => choose(event.target.value)}
        options={scopes.map((name) => [name, name] as const)}
      />
      {scope !== undefined && <SecretField scope={scope} />}
      <SelectField
        name="permission"
        label={t.app.permission}
        options={LEVELS.map((level) => [level, t.secrets.levels[level]] as const)}
      />
      <TextField name="key" label={t.app.key} hint={t.app.keyHint} defaultValue="secret" required />
      <WhatItDoes lines={t.app.attachSecretDoes} />
    </FormDialog>
  )
}

function SecretField({ scope }: { readonly scope: string }) {
  const { data } = useRead('secrets.list', { query: { scope } })
  return (
    <SelectField
      name="secret"
      label={t.app.secretKey}
      options={(data?.secrets ?? []).map(({ key }) => [key, key] as const)}
    />
  )
}
