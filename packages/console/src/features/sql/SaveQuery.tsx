import { t } from '../../text/index.ts'
import { FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { saveQuery } from './saved-queries.ts'

export function SaveQuery({
  user,
  text,
  onClose,
}: {
  readonly user: string
  readonly text: string
  readonly onClose: () => void
}) {
  const save = async (values: FormData) => {
    await saveQuery(user, textOf(values, 'name') || 'query', text)
    say(t.common.saved)
    onClose()
  }
  return (
    <FormDialog
      title={t.sql.save}
      description={t.sql.noSaved}
      submit={t.common.save}
      onClose={onClose}
      onSubmit={save}
    >
      <TextField name="name" label={t.sql.fileName} placeholder="notes" autoFocus required />
    </FormDialog>
  )
}
