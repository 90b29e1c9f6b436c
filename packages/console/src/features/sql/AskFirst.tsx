import type { Statement } from '@lakelet/api/sql'
import { t } from '../../text/index.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { FormDialog } from '../../ui/form.tsx'
import { Notice } from '../../ui/page.tsx'

const SHOWN_CHARACTERS = 400

/** Names what would be lost, once, before it is. */
export function AskFirst(props: {
  readonly statements: readonly Statement[]
  readonly branch: string
  readonly onClose: () => void
  readonly onRun: () => void
}) {
  return (
    <FormDialog
      title={t.sql.askFirst}
      submit={t.sql.runAnyway}
      isDanger
      onClose={props.onClose}
      onSubmit={async () => props.onRun()}
    >
      <Notice tone="warning">{t.sql.askFirstText(props.branch)}</Notice>
      {props.statements.map(({ start, text }) => (
        <pre key={start} className="my-2 overflow-auto rounded-panel bg-sunken p-3 whitespace-pre-wrap">
          {visible(text.slice(0, SHOWN_CHARACTERS))}
        </pre>
      ))}
    </FormDialog>
  )
}
