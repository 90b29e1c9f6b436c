import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Notice } from '../../ui/page.tsx'

/** A secret that is shown this once; it stays until it is said to be stored. */
export function SecretOnce({
  title,
  secret,
  onClose,
}: {
  readonly title: string
  readonly secret: string
  readonly onClose: () => void
}) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t.roles.stored}
        </Button>
      }
    >
      <p className="mb-3">
        <CopyField label={title} value={secret} />
      </p>
      <Notice tone="warning">{t.identity.secretOnce}</Notice>
    </Dialog>
  )
}
