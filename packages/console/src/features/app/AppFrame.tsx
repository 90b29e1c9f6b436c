// What every page of an app has: its name, its state, and what can be done with it.
import type { App } from '@lakelet/api'
import { appActions, appSubject } from '@lakelet/api/actions'
import { type ReactNode, useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { reasonAgainst } from '../../api/reasons.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ExternalLink } from '../../ui/icons.ts'
import { Page, Skeleton } from '../../ui/page.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { markDone } from '../home/progress.ts'
import { DeployDialog } from './DeployDialog.tsx'

interface AppFrameProps {
  readonly title: string
  readonly intro?: ReactNode
  readonly children: (app: App) => ReactNode
  readonly actions?: ReactNode
}

export function AppFrame({ title, intro, children, actions }: AppFrameProps) {
  const name = useParam('app')
  const { data: app, error, refetch } = useRead('apps.get', { params: { name } })
  return (
    <Page
      title={title === t.app.overview ? name : title}
      isName={title === t.app.overview}
      intro={intro}
      beside={app && <StateBadge state={app.app_status.state} reason={app.app_status.message} />}
      actions={
        <>
          {actions}
          {app && <AppActions app={app} />}
        </>
      }
    >
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : app ? (
        children(app)
      ) : (
        <Skeleton />
      )}
    </Page>
  )
}

function AppActions({ app }: { readonly app: App }) {
  const [dialog, setDialog] = useSearchValue('deploy')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const reasonFor = (action: keyof typeof appActions) => reasonAgainst(appActions, action, appSubject(app))
  const whyClosed = reasonFor('open')
  const switchTo = async (id: 'apps.start' | 'apps.stop') => {
    setBusy(true)
    setFailure(undefined)
    try {
      await call(id, { params: { name: app.name }, body: {} })
    } catch (caught) {
      setFailure(caught)
    } finally {
      setBusy(false)
      await refresh('')
    }
  }
  const isStopped = app.compute_status.state === 'STOPPED'
  return (
    <>
      {whyClosed === undefined ? (
        <a
          className="btn"
          href={/^https?:/.test(app.url) ? app.url : undefined}
          target="_blank"
          rel="noopener"
          onClick={() => markDone('opened')}
        >
          {t.apps.open}
          <ExternalLink size={14} aria-hidden />
        </a>
      ) : (
        <Button disabledReason={whyClosed}>{t.apps.open}</Button>
      )}
      <Button
        isBusy={busy}
        disabledReason={reasonFor(isStopped ? 'start' : 'stop')}
        onClick={() => void switchTo(isStopped ? 'apps.start' : 'apps.stop')}
      >
        {isStopped ? t.app.start : t.app.stop}
      </Button>
      <Button variant="primary" disabledReason={reasonFor('deploy')} onClick={() => setDialog('1')}>
        {t.app.deploy}
      </Button>
      {failure !== undefined && <ErrorPanel error={failure} />}
      {dialog && <DeployDialog app={app} onClose={() => setDialog(undefined)} />}
    </>
  )
}
