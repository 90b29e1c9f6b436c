import { t } from '../../text/index.ts'
import { formatTime } from '../../text/format.ts'
import { SelectField, TextField } from '../../ui/form.tsx'
import { type Window, type Zone } from './moment.ts'
import type { ChosenMoment } from './use-past.ts'

/** Fields for a moment of the past: date, time of day to the microsecond and zone, or a position in the log. */
export function MomentFields({
  chosen: { draft, change, problem },
  window,
}: {
  readonly chosen: ChosenMoment
  readonly window: Window | undefined
}) {
  if (draft.kind === 'lsn') {
    return (
      <TextField
        label={t.past.lsn}
        placeholder={window?.latest_restore_lsn ?? '0/1A2B3C4D'}
        hint={window && t.past.lsnHint(window.earliest_restore_lsn ?? '–', window.latest_restore_lsn)}
        error={problem}
        value={draft.lsn}
        onChange={(event) => change({ lsn: event.target.value })}
      />
    )
  }
  const from = window?.earliest_restore_time
  const hint = window && from !== undefined && t.past.windowHint(formatTime(from))
  return (
    <>
      <div className="grid grid-cols-1 gap-x-3 sm:grid-cols-[10rem_minmax(0,1fr)_12rem]">
        <TextField
          type="date"
          label={t.past.date}
          value={draft.date}
          onChange={(event) => change({ date: event.target.value })}
        />
        <TextField
          label={t.past.clock}
          placeholder="12:00:00.123456"
          value={draft.clock}
          error={problem}
          onChange={(event) => change({ clock: event.target.value })}
        />
        <SelectField
          label={t.past.zone}
          value={draft.zone}
          onChange={(event) => change({ zone: event.target.value as Zone })}
          options={zones()}
        />
      </div>
      <p className="-mt-2 mb-4 text-meta text-dim">
        {t.past.clockHint} {hint}
      </p>
    </>
  )
}

/** The browser's own zone by its name, and UTC where it is another. */
function zones(): (readonly [Zone, string])[] {
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone
  return name === 'UTC'
    ? [['local', 'UTC']]
    : [
        ['local', name],
        ['UTC', 'UTC'],
      ]
}
