// A branch of a file that was exported here or in another workspace.
import type { BranchImport } from '@lakelet/api'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { finished } from '../../api/operations.ts'
import { RESOURCE_ID } from '../../api/resource-id.ts'
import { upload } from '../../api/transfer.ts'
import { paths } from '../../paths.ts'
import { AsCall } from '../../shell/Call.tsx'
import { formatBytes, formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { FormDialog, TextField } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { useTransferSignal } from './use-transfer.ts'

interface Made extends BranchImport {
  readonly id: string
}

export function ImportBranch({
  project,
  onClose,
}: {
  readonly project: string
  readonly onClose: () => void
}) {
  const navigate = useNavigate()
  const [made, setMade] = useState<Made>()
  const go = (id: string) => void navigate({ to: paths.branch(project, id), search: {} })
  const onMade = (done: Made) => {
    say(t.branchFiles.imported(done.id, done.source.branch, formatTime(done.source.time)))
    // What nobody can log in as is read before one goes on.
    if (done.roles_without_identity.length > 0) setMade(done)
    else go(done.id)
  }
  return made ? (
    <LostRoles made={made} onGo={() => go(made.id)} onClose={onClose} />
  ) : (
    <ImportForm project={project} onMade={onMade} onClose={onClose} />
  )
}

function ImportForm({
  project,
  onMade,
  onClose,
}: {
  readonly project: string
  readonly onMade: (made: Made) => void
  readonly onClose: () => void
}) {
  const texts = t.branchFiles
  const [id, setId] = useState('')
  const [wrong, setWrong] = useState<{ readonly id?: string; readonly file?: string }>({})
  const { progress, run } = useImport(project)
  const submit = async (values: FormData) => {
    const file = fileOf(values)
    setWrong({
      ...(RESOURCE_ID.test(id.trim()) ? {} : { id: t.projects.nameInvalid }),
      ...(file ? {} : { file: texts.chooseFile }),
    })
    if (!file || !RESOURCE_ID.test(id.trim())) return
    const done = await run(id.trim(), file)
    if (done) onMade(done)
  }
  const footnote = (values: FormData) => {
    const query = { branch_id: id.trim(), file: fileOf(values)?.name ?? 'FILE' }
    return <AsCall id="lakelet.importBranch" input={{ params: { project }, query }} />
  }
  return (
    <FormDialog
      title={texts.importTitle}
      description={texts.importIntro}
      submit={texts.importDo}
      onClose={onClose}
      onSubmit={submit}
      footnote={footnote}
    >
      <TextField
        name="file"
        type="file"
        label={texts.file}
        hint={texts.fileHint}
        error={wrong.file}
        onChange={({ target }) => setId((typed) => typed || idOf(target.files?.[0]?.name ?? ''))}
      />
      <TextField
        name="name"
        label={t.branches.name}
        hint={t.projects.nameHint}
        error={wrong.id}
        value={id}
        onChange={({ target }) => setId(target.value)}
      />
      <HowFar progress={progress} />
    </FormDialog>
  )
}

interface Progress {
  readonly text: string
  /** Of what is sent, 0 to 1; absent where nobody knows. */
  readonly share?: number
}

function HowFar({ progress }: { readonly progress: Progress | undefined }) {
  const { text, share } = progress ?? {}
  return (
    <div className="mb-4">
      {progress && (
        <progress
          className="w-full accent-(--accent)"
          aria-label={t.branchFiles.file}
          {...(share === undefined ? {} : { value: share })}
        />
      )}
      <p role="status">{text}</p>
    </div>
  )
}

/** Sends a file and waits for its branch; undefined where the dialog was closed meanwhile. */
function useImport(project: string) {
  const texts = t.branchFiles
  const [progress, setProgress] = useState<Progress>()
  const begin = useTransferSignal()
  const run = async (id: string, file: File): Promise<Made | undefined> => {
    const signal = begin()
    const onBytes = (bytes: number) =>
      setProgress(
        bytes < file.size
          ? { text: texts.sent(formatBytes(bytes), formatBytes(file.size)), share: bytes / file.size }
          : { text: texts.checking },
      )
    try {
      const input = { params: { project }, query: { branch_id: id, file: file.name } }
      onBytes(0)
      const received = await upload('lakelet.importBranch', input, { file, signal, onBytes })
      setProgress({ text: texts.making })
      await finished(received.operation)
      return signal.aborted ? undefined : { ...received, id }
    } catch (error) {
      if (signal.aborted) return undefined
      setProgress(undefined)
      throw error
    }
  }
  return { progress, run }
}

function LostRoles({
  made,
  onGo,
  onClose,
}: {
  readonly made: Made
  readonly onGo: () => void
  readonly onClose: () => void
}) {
  return (
    <Dialog
      title={t.branches.created(made.id)}
      description={t.branchFiles.lostRoles}
      onClose={onClose}
      footer={
        <Button variant="primary" onClick={onGo}>
          {t.branchFiles.go}
        </Button>
      }
    >
      <ul className="mb-4 list-disc pl-6">
        {made.roles_without_identity.map(({ role }) => (
          <li key={role}>
            <bdi>{role}</bdi>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

/** The file that was chosen; a browser gives an empty one where none was. */
function fileOf(values: FormData): File | undefined {
  const file = values.get('file')
  return file instanceof File && file.name !== '' ? file : undefined
}

/** `production` of `production.tar.zst`, where it can be an id. */
function idOf(fileName: string): string {
  const id = fileName.replace(/\.tar\.zst$/, '')
  return RESOURCE_ID.test(id) ? id : ''
}
