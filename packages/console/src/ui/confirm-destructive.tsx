// Before something is lost: what, until when it can be undone, and the name typed where it cannot.
import { type ReactNode, useState } from 'react'
import { t } from '../text/index.ts'
import { FormDialog, TextField } from './form.tsx'
import { Notice } from './page.tsx'

export function ConfirmDestructive({
  title,
  action,
  name,
  lost,
  isForever = false,
  onClose,
  onConfirm,
}: {
  readonly title: string
  readonly action: string
  readonly name: string
  /** What is lost, and whether it comes back. */
  readonly lost: ReactNode
  /** Nothing brings it back, so the name has to be typed. */
  readonly isForever?: boolean
  readonly onClose: () => void
  readonly onConfirm: () => Promise<void>
}) {
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState<string>()
  const confirm = async () => {
    if (isForever && typed !== name) setWrong(t.common.typeName(name))
    else await onConfirm()
  }
  return (
    <FormDialog title={title} submit={action} isDanger onClose={onClose} onSubmit={confirm}>
      <Notice tone="warning">{lost}</Notice>
      {isForever && (
        <div className="mt-4">
          <TextField
            label={t.common.typeName(name)}
            value={typed}
            error={wrong}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
      )}
    </FormDialog>
  )
}
