// A file: read it, change it if it is text, take it along.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Skeleton } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { download } from '../sql/export.ts'

const EDITABLE_BYTES = 1024 * 1024

export function FileDialog({ path, onClose }: { readonly path: string; readonly onClose: () => void }) {
  const name = path.split('/').at(-1) ?? ''
  const { data, error } = useQuery({
    queryKey: ['file', path],
    queryFn: ({ signal }) => call('workspaceFiles.readFile', { params: { '*': path.slice(1) } }, signal),
    gcTime: 0,
  })
  const [changed, setChanged] = useState<string>()
  const { save, failure } = useSave(path, onClose)
  const text = data && textOf(data)
  return (
    <Dialog
      title={name}
      onClose={onClose}
      isWide
      footer={
        data && (
          <>
            <Button onClick={() => download(name, data)}>{t.files.download}</Button>
            {text !== undefined && (
              <Button variant="primary" isBusy={changed === undefined} onClick={() => void save(changed)}>
                {t.common.save}
              </Button>
            )}
          </>
        )
      }
    >
      {error && <ErrorPanel error={error} />}
      {failure !== undefined && <ErrorPanel error={failure} />}
      {!error && !data && <Skeleton />}
      {data && text === undefined && (
        <p className="text-dim">{data.length > EDITABLE_BYTES ? t.files.tooLarge : t.files.binary}</p>
      )}
      {text !== undefined && (
        <textarea
          className="control h-[56dvh]"
          aria-label={name}
          spellCheck={false}
          value={changed ?? text}
          onChange={(event) => setChanged(event.target.value)}
        />
      )}
    </Dialog>
  )
}

function useSave(path: string, onSaved: () => void) {
  const [failure, setFailure] = useState<unknown>()
  const save = async (body: string | undefined) => {
    if (body === undefined) return
    setFailure(undefined)
    try {
      const params = { '*': path.slice(1) }
      await call('workspaceFiles.importFile', { params, query: { overwrite: true }, body })
      await refresh('workspace.list')
      say(t.common.saved)
      onSaved()
    } catch (caught) {
      setFailure(caught)
    }
  }
  return { save, failure }
}

/** The text of a file; undefined when it is none or too large to edit here. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > EDITABLE_BYTES) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
