// A branch as one file that the browser keeps.
import { useState } from 'react'
import { CutShort, receive } from '../../api/transfer.ts'
import { AsCall } from '../../shell/Call.tsx'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { FormDialog } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { download } from '../sql/export.ts'
import { useTransferSignal } from './use-transfer.ts'

export function ExportBranch({
  project,
  branch,
  onClose,
}: {
  readonly project: string
  readonly branch: string
  readonly onClose: () => void
}) {
  const [progress, setProgress] = useState<string>()
  const begin = useTransferSignal()
  const texts = t.branchFiles
  const input = { params: { project, branch } }
  const run = async () => {
    const signal = begin()
    setProgress(texts.copying)
    try {
      const onBytes = (bytes: number) => setProgress(texts.received(formatBytes(bytes)))
      const whole = await receive('lakelet.exportBranch', input, signal, onBytes)
      const file = `${branch}.tar.zst`
      download(file, whole)
      say(texts.exported(file, formatBytes(whole.size)))
      onClose()
    } catch (error) {
      // Whoever closed the dialog wants no more of it.
      if (signal.aborted) return
      setProgress(undefined)
      throw error instanceof CutShort ? new Error(texts.cut, { cause: error }) : error
    }
  }
  return (
    <FormDialog
      title={texts.exportTitle(branch)}
      description={texts.exportIntro}
      submit={texts.exportDo}
      onClose={onClose}
      onSubmit={run}
      footnote={() => <AsCall id="lakelet.exportBranch" input={input} />}
    >
      <p>{texts.keepIt}</p>
      <p role="status" className="my-4">
        {progress}
      </p>
    </FormDialog>
  )
}
