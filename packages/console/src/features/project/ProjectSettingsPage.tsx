import type { Project } from '@lakelet/api'
import { useNavigate } from '@tanstack/react-router'
import { type SubmitEvent, useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { useParam } from '../../shell/params.ts'
import { formatDuration } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { CheckField, TextField, textOf } from '../../ui/form.tsx'
import { Facts, Page, Section, Skeleton } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { useProjectReasons } from './use-reasons.ts'

/** What the API allows (project.spec.history_retention_duration). */
const LEAST_DAYS = 2
const MOST_DAYS = 35
const DAY_SECONDS = 86_400

export function ProjectSettingsPage() {
  const project = useParam('project')
  const { data, error, refetch } = useRead('postgres.getProject', { params: { project } })
  return (
    <Page title={t.shell.settings}>
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <>
          <General key={data.update_time} project={data} />
          <Section title={t.project.computeDefaults}>
            <Facts items={defaultsOf(data)} />
          </Section>
          <DeleteProject project={data} />
        </>
      ) : (
        <Skeleton />
      )}
    </Page>
  )
}

function defaultsOf({ status }: Project) {
  const settings = status.default_endpoint_settings
  return [
    [
      t.computes.size,
      t.computes.sizeRange(settings.autoscaling_limit_min_cu ?? 0, settings.autoscaling_limit_max_cu ?? 0),
    ],
    [
      t.computes.asleepAfter,
      settings.suspend_timeout_duration
        ? formatDuration(settings.suspend_timeout_duration)
        : t.computes.never,
    ],
    [t.project.postgres, `Postgres ${status.pg_version}`],
  ] as const
}

function General({ project }: { readonly project: Project }) {
  const reasonFor = useProjectReasons(project.project_id)
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const [wrong, setWrong] = useState<string>()
  const save = async (values: FormData) => {
    setFailure(undefined)
    setWrong(undefined)
    const days = Number(textOf(values, 'window'))
    if (!(days >= LEAST_DAYS && days <= MOST_DAYS)) return setWrong(t.project.windowWrong)
    const spec = {
      history_retention_duration: `${Math.round(days * DAY_SECONDS)}s`,
      display_name: textOf(values, 'name'),
      enable_pg_native_login: values.get('native') === 'on',
    }
    setBusy(true)
    try {
      await finished(
        await call('postgres.updateProject', {
          params: { project: project.project_id },
          query: {
            update_mask: Object.keys(spec)
              .map((field) => `spec.${field}`)
              .join(),
          },
          body: { spec },
        }),
      )
      say(t.common.saved)
    } catch (caught) {
      setFailure(caught)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    void save(new FormData(event.target))
  }
  return (
    <Section title={t.project.general}>
      <form className="max-w-[480px]" onSubmit={submit}>
        <TextField name="name" label={t.project.displayName} defaultValue={project.status.display_name} />
        <RestoreWindow project={project} wrong={wrong} />
        <CheckField
          name="native"
          label={t.project.nativeLogin}
          hint={t.project.nativeLoginHint}
          defaultChecked={project.status.enable_pg_native_login}
        />
        {failure !== undefined && <ErrorPanel error={failure} />}
        <Button type="submit" variant="primary" isBusy={isBusy} disabledReason={reasonFor('update')}>
          {t.common.save}
        </Button>
      </form>
    </Section>
  )
}

function RestoreWindow({
  project,
  wrong,
}: {
  readonly project: Project
  readonly wrong: string | undefined
}) {
  return (
    <TextField
      name="window"
      label={t.project.window}
      hint={t.project.windowHint}
      error={wrong}
      inputMode="decimal"
      defaultValue={String(secondsIn(project.status.history_retention_duration) / DAY_SECONDS)}
    />
  )
}

function secondsIn(duration: string): number {
  return Number(duration.replace(/s$/, ''))
}

function DeleteProject({ project }: { readonly project: Project }) {
  const navigate = useNavigate()
  const [isOpen, setOpen] = useState(false)
  const id = project.project_id
  const reasonFor = useProjectReasons(id)
  const remove = async () => {
    await finished(await call('postgres.deleteProject', { params: { project: id } }))
    say(t.project.deleted(id))
    void navigate({ to: paths.projects })
  }
  return (
    <Section title={t.project.dangerZone} intro={t.project.deleteLost}>
      <Button variant="danger" disabledReason={reasonFor('delete')} onClick={() => setOpen(true)}>
        {t.project.delete}
      </Button>
      {isOpen && (
        <ConfirmDestructive
          title={`${t.project.delete}: ${id}`}
          action={t.project.delete}
          name={id}
          lost={t.project.deleteLost}
          isForever
          onClose={() => setOpen(false)}
          onConfirm={remove}
        />
      )}
    </Section>
  )
}
