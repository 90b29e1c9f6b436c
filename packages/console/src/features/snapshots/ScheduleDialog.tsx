// When snapshots of a branch are taken by themselves, and how long each is kept.
import type { SnapshotSchedule } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { AsCall } from '../../shell/Call.tsx'
import { formatDuration } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, SelectField } from '../../ui/form.tsx'
import { Skeleton } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import type { BranchParams } from '../past/use-past.ts'
import { type CadenceDraft, cadenceOf, draftOf, EVERY, WEEKDAYS } from './cadence.ts'

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)
const DAYS = Array.from({ length: 31 }, (_, at) => at + 1)
const RETENTIONS = ['3600s', '86400s', '604800s', '1209600s', '2592000s', '7776000s', '31536000s']
const FIRST = { every: 'daily', hour: 0, weekday: 'MONDAY', day: 1, retention: '604800s' } as const

interface ScheduleProps {
  readonly params: BranchParams
  readonly onClose: () => void
}

export function ScheduleDialog(props: ScheduleProps) {
  const { data, error } = useRead('postgres.getSnapshotSchedule', { params: props.params })
  // What is there is what is edited: nothing can be saved over it before it has come.
  if (data) return <ScheduleForm {...props} schedule={data.schedule} />
  return (
    <Dialog title={`${t.snapshots.schedule}: ${props.params.branch}`} onClose={props.onClose}>
      {error ? <ErrorPanel error={error} /> : <Skeleton rows={2} />}
    </Dialog>
  )
}

function ScheduleForm({
  params,
  schedule,
  onClose,
}: ScheduleProps & { readonly schedule: SnapshotSchedule['schedule'] }) {
  const [rows, setRows] = useState(() => schedule.map(draftOf))
  const body = { schedule: rows.map(cadenceOf) }
  const asked = { params, query: { update_mask: 'schedule' }, body }
  const save = async () => {
    await finished(await call('postgres.updateSnapshotSchedule', asked))
    say(t.common.saved)
    onClose()
  }
  const change = (key: number, part: Partial<CadenceDraft>) =>
    setRows((before) => before.map((row) => (row.key === key ? { ...row, ...part } : row)))
  const add = () =>
    setRows((before) => [...before, { ...FIRST, key: Math.max(-1, ...before.map(({ key }) => key)) + 1 }])
  return (
    <FormDialog
      title={`${t.snapshots.schedule}: ${params.branch}`}
      description={t.snapshots.scheduleIntro}
      submit={t.common.save}
      isWide
      onClose={onClose}
      onSubmit={save}
      footnote={() => <AsCall id="postgres.updateSnapshotSchedule" input={asked} />}
    >
      {rows.length === 0 && <p className="mb-4 text-dim">{t.snapshots.noSchedule}</p>}
      {rows.map((row, index) => (
        <fieldset key={row.key} className="mb-2 border-t border-line pt-3">
          <legend className="sr-only">{t.snapshots.cadence(index + 1)}</legend>
          <Cadence row={row} onChange={(part) => change(row.key, part)} />
          <Button
            variant="quiet"
            className="-mt-2 mb-2"
            aria-label={`${t.snapshots.remove}: ${t.snapshots.cadence(index + 1)}`}
            onClick={() => setRows((before) => before.filter(({ key }) => key !== row.key))}
          >
            {t.snapshots.remove}
          </Button>
        </fieldset>
      ))}
      <Button className="mb-4" onClick={add}>
        {t.snapshots.addCadence}
      </Button>
    </FormDialog>
  )
}

function Cadence({
  row,
  onChange,
}: {
  readonly row: CadenceDraft
  readonly onChange: (part: Partial<CadenceDraft>) => void
}) {
  return (
    <div className="grid grid-cols-1 gap-x-3 sm:grid-cols-4">
      <SelectField
        label={t.snapshots.every}
        value={row.every}
        options={EVERY.map((each) => [each, t.snapshots.everies[each]] as const)}
        onChange={({ target }) => onChange({ every: EVERY.find((each) => each === target.value) ?? 'daily' })}
      />
      {row.every === 'weekly' && (
        <SelectField
          label={t.snapshots.day}
          value={row.weekday}
          options={WEEKDAYS.map((each) => [each, t.snapshots.weekdays[each]] as const)}
          onChange={({ target }) =>
            onChange({ weekday: WEEKDAYS.find((each) => each === target.value) ?? 'MONDAY' })
          }
        />
      )}
      {row.every === 'monthly' && (
        <SelectField
          label={t.snapshots.day}
          value={row.day}
          options={DAYS.map((day) => [String(day), t.snapshots.dayOfMonth(day)] as const)}
          onChange={({ target }) => onChange({ day: Number(target.value) })}
        />
      )}
      <SelectField
        label={t.snapshots.hour}
        value={row.hour}
        options={HOURS.map((hour) => [String(hour), `${String(hour).padStart(2, '0')}:00`] as const)}
        onChange={({ target }) => onChange({ hour: Number(target.value) })}
      />
      <SelectField
        label={t.snapshots.retention}
        value={row.retention}
        // One that was set elsewhere is kept as it is.
        options={[...new Set([...RETENTIONS, row.retention])].map(
          (each) => [each, formatDuration(each)] as const,
        )}
        onChange={({ target }) => onChange({ retention: target.value })}
      />
    </div>
  )
}
