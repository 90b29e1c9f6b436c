// What a page shows in place of what only a running Postgres can tell.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { refresh } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Empty } from '../../ui/page.tsx'

export function Asleep({
  params,
}: {
  readonly params: { readonly project: string; readonly branch: string; readonly endpoint: string }
}) {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const wake = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await call('lakelet.wakeEndpoint', { params, body: {} })
      await refresh('')
    } catch (caught) {
      setFailure(caught)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Empty title={t.computes.asleepTitle}>
      <p>{t.computes.asleepText}</p>
      <Button variant="primary" onClick={() => void wake()} isBusy={isBusy}>
        {isBusy ? t.common.working : t.computes.wakeToLook}
      </Button>
      {failure !== undefined && <ErrorPanel error={failure} />}
    </Empty>
  )
}
