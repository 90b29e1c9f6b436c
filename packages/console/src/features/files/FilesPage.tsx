import type { ObjectInfo } from '@lakelet/api'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { useSearchValue } from '../../shell/params.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import { FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { File, Folder } from '../../ui/icons.ts'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { FileDialog } from './FileDialog.tsx'

export function FilesPage() {
  const { data: session } = useRead('lakelet.getSession', {})
  const [asked] = useSearchValue('path')
  const path = asked ?? (session ? `/Workspace/Users/${session.user}` : undefined)
  return path === undefined ? null : <FolderView key={path} path={path} />
}

function FolderView({ path }: { readonly path: string }) {
  const { data, error, refetch } = useRead('workspace.list', { query: { path } })
  const [opened, setOpened] = useSearchValue('file')
  const [isNaming, setNaming] = useState(false)
  const [deleting, setDeleting] = useState<ObjectInfo>()
  const remove = async (object: ObjectInfo) => {
    await call('workspace.delete', { body: { path: object.path, recursive: true } })
    await refresh('workspace.list')
    say(t.files.deleted(lastOf(object.path)))
    setDeleting(undefined)
  }
  const makeFolder = async (values: FormData) => {
    await call('workspace.mkdirs', { body: { path: `${path}/${textOf(values, 'name')}` } })
    await refresh('workspace.list')
    setNaming(false)
  }
  return (
    <Page
      title={t.files.title}
      intro={<PathLinks path={path} />}
      actions={
        <>
          <Button onClick={() => setNaming(true)}>{t.files.newFolder}</Button>
          <UploadButton path={path} />
        </>
      }
    >
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <ObjectTable objects={data.objects ?? []} onOpen={setOpened} onDelete={setDeleting} />
      ) : (
        <Skeleton />
      )}
      {opened && <FileDialog path={opened} onClose={() => setOpened(undefined)} />}
      {isNaming && (
        <FormDialog
          title={t.files.newFolder}
          submit={t.common.create}
          onClose={() => setNaming(false)}
          onSubmit={makeFolder}
        >
          <TextField name="name" label={t.files.folderName} autoFocus required />
        </FormDialog>
      )}
      {deleting && (
        <ConfirmDestructive
          title={`${t.files.delete}: ${lastOf(deleting.path)}`}
          action={t.files.delete}
          name={lastOf(deleting.path)}
          lost={t.files.deleteLost}
          isForever
          onClose={() => setDeleting(undefined)}
          onConfirm={() => remove(deleting)}
        />
      )}
    </Page>
  )
}

function ObjectTable({
  objects,
  onOpen,
  onDelete,
}: {
  readonly objects: readonly ObjectInfo[]
  readonly onOpen: (path: string) => void
  readonly onDelete: (object: ObjectInfo) => void
}) {
  return (
    <ResourceTable
      label={t.files.title}
      rows={objects}
      rowKey={({ path }) => path}
      textOf={({ path }) => path}
      empty={
        <Empty title={t.files.empty}>
          <p>{t.files.emptyText}</p>
        </Empty>
      }
      columns={[
        { key: 'name', title: t.files.name, cell: (object) => <Name object={object} onOpen={onOpen} /> },
        {
          key: 'size',
          title: t.files.size,
          isNumber: true,
          cell: ({ size }) => (size === undefined ? '–' : formatBytes(size)),
        },
        {
          key: 'modified',
          title: t.files.modified,
          isNumber: true,
          isMinor: true,
          cell: ({ modified_at }) => <Time at={modified_at} />,
        },
      ]}
      actions={(object) => (
        <Button
          variant="quiet"
          aria-label={`${t.files.delete}: ${lastOf(object.path)}`}
          onClick={() => onDelete(object)}
        >
          {t.files.delete}
        </Button>
      )}
    />
  )
}

function Name({ object, onOpen }: { readonly object: ObjectInfo; readonly onOpen: (path: string) => void }) {
  const name = visible(lastOf(object.path))
  if (object.object_type === 'DIRECTORY') {
    return (
      <Link
        to={paths.files}
        search={{ path: object.path }}
        className="inline-flex items-center gap-2 font-semibold"
      >
        <Folder size={16} aria-hidden className="text-dim" />
        <bdi>{name}</bdi>
      </Link>
    )
  }
  return (
    <button
      type="button"
      className="inline-flex items-center gap-2 text-accent hover:underline"
      onClick={() => onOpen(object.path)}
    >
      <File size={16} aria-hidden className="text-dim" />
      <bdi>{name}</bdi>
    </button>
  )
}

function PathLinks({ path }: { readonly path: string }) {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((part, index) => (
    <span key={index}>
      {' / '}
      <Link to={paths.files} search={{ path: `/${parts.slice(0, index + 1).join('/')}` }}>
        <bdi>{visible(part)}</bdi>
      </Link>
    </span>
  ))
}

function UploadButton({ path }: { readonly path: string }) {
  const input = useRef<HTMLInputElement>(null)
  const [failure, setFailure] = useState<unknown>()
  const upload = async (files: readonly globalThis.File[]) => {
    setFailure(undefined)
    try {
      for (const file of files) {
        const body = new Uint8Array(await file.arrayBuffer())
        const params = { '*': `${path}/${file.name}`.slice(1) }
        await call('workspaceFiles.importFile', { params, query: { overwrite: true }, body })
      }
      say(t.files.uploaded(files.length))
    } catch (caught) {
      setFailure(caught)
    } finally {
      await refresh('workspace.list')
    }
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => void upload([...(event.target.files ?? [])])}
      />
      <Button variant="primary" onClick={() => input.current?.click()}>
        {t.files.upload}
      </Button>
      {failure !== undefined && <ErrorPanel error={failure} />}
    </>
  )
}

function lastOf(path: string): string {
  return path.split('/').at(-1) ?? ''
}
