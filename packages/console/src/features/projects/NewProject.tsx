import type { Session } from '@lakelet/api'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { RESOURCE_ID } from '../../api/resource-id.ts'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'

/** What the workspace offers, the usual one first. */
function versionsOf(session: Session | undefined): [value: string, label: string][] {
  const { default: usual, offered } = session?.postgres_versions ?? { offered: [] }
  const sorted = [...offered].sort((a, b) => Number(b === usual) - Number(a === usual) || b - a)
  return sorted.map((major) => [String(major), `Postgres ${major}`])
}

export function NewProject({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate()
  const { data: session } = useRead('lakelet.getSession', {})
  const [wrong, setWrong] = useState<string>()
  const [progress, setProgress] = useState('')
  const create = async (values: FormData) => {
    const project = textOf(values, 'name')
    setWrong(undefined)
    if (!RESOURCE_ID.test(project)) return setWrong(t.projects.nameInvalid)
    const version = textOf(values, 'version')
    const spec = { display_name: project, ...(version === '' ? {} : { pg_version: Number(version) }) }
    const started = await call('postgres.createProject', { query: { project_id: project }, body: { spec } })
    await finished(started, setProgress)
    void navigate({ to: paths.project(project), search: {} })
  }
  return (
    <FormDialog title={t.projects.create} submit={t.common.create} onClose={onClose} onSubmit={create}>
      <TextField
        name="name"
        label={t.projects.name}
        hint={t.projects.nameHint}
        placeholder="my-app-db"
        error={wrong}
        autoFocus
        required
      />
      <SelectField
        name="version"
        label={t.projects.version}
        hint={<span role="status">{progress || t.projects.versionHint}</span>}
        options={versionsOf(session)}
      />
      <TextField
        label={t.projects.region}
        value={session?.region ?? ''}
        hint={t.projects.regionHint}
        readOnly
      />
    </FormDialog>
  )
}
