// The switch of the editor between the present and a moment of the past, and what says that one is there.
import { useState } from 'react'
import { formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, RadioField } from '../../ui/form.tsx'
import { History } from '../../ui/icons.ts'
import { MomentFields } from '../past/MomentFields.tsx'
import type { Moment } from '../past/moment.ts'
import { type BranchParams, useHistory, useMoment } from '../past/use-past.ts'

interface TravelProps {
  readonly params: BranchParams
  readonly moment: Moment | undefined
  /** One does not leave while statements run. */
  readonly isRunning: boolean
  readonly onGo: (to: Moment | undefined) => void
}

/** Above the editor while it reads the past, so that nobody takes it for the present. */
export function TravelBanner({ params, moment, isRunning, onGo }: TravelProps) {
  if (!moment) return null
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-warning bg-warning-tint px-3 py-1.5"
    >
      <History size={16} aria-hidden className="shrink-0 text-warning" />
      <span className="min-w-0 flex-1 basis-64">
        {t.travel.reads} <bdi className="font-semibold">{params.branch}</bdi> {t.travel.asOf}{' '}
        <MomentText moment={moment} />
        {t.travel.readOnly}
      </span>
      <Button disabledReason={isRunning ? t.sql.running : undefined} onClick={() => onGo(undefined)}>
        {t.travel.back}
      </Button>
    </div>
  )
}

function MomentText({ moment }: { readonly moment: Moment }) {
  if ('lsn' in moment) return <code>{moment.lsn}</code>
  const isTime = !Number.isNaN(Date.parse(moment.time))
  return (
    <time className="font-semibold" title={moment.time}>
      {isTime ? formatTime(moment.time) : moment.time}
    </time>
  )
}

/** The button that opens the choice of a moment. */
export function TravelSwitch(props: TravelProps) {
  const { moment, isRunning } = props
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        title={t.travel.title}
        aria-label={`${t.travel.title}: ${moment ? t.travel.past : t.travel.now}`}
        disabledReason={isRunning ? t.sql.running : undefined}
        onClick={() => setOpen(true)}
      >
        <History size={14} aria-hidden />
        {moment ? t.travel.past : t.travel.now}
      </Button>
      {isOpen && <TravelDialog {...props} onClose={() => setOpen(false)} />}
    </>
  )
}

function TravelDialog({ params, moment, onGo, onClose }: TravelProps & { readonly onClose: () => void }) {
  const history = useHistory(params)
  const chosen = useMoment(
    history.data,
    history.dataUpdatedAt,
    moment && 'time' in moment ? moment.time : undefined,
  )
  const go = async () => {
    if (!chosen.moment) return
    onGo(chosen.moment)
    onClose()
  }
  return (
    <FormDialog
      title={t.travel.title}
      description={t.travel.intro}
      submit={t.travel.go}
      isWide
      onClose={onClose}
      onSubmit={go}
    >
      {history.error && <ErrorPanel error={history.error} />}
      <RadioField
        legend={t.restore.by}
        value={chosen.draft.kind}
        onChange={(kind) => chosen.change({ kind })}
        options={[
          ['time', t.restore.byTime],
          ['lsn', t.restore.byLsn],
        ]}
      />
      <MomentFields chosen={chosen} window={history.data} />
    </FormDialog>
  )
}
