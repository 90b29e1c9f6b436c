import { useRead } from '../../api/queries.ts'
import { formatDuration } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Time } from '../../ui/time.tsx'
import type { BranchParams } from '../past/use-past.ts'
import { type CadenceDraft, draftOf } from './cadence.ts'

/** When snapshots of a branch are taken by themselves, in sentences; nothing until it is known. */
export function ScheduleWords({ params }: { readonly params: BranchParams }) {
  const { data } = useRead('postgres.getSnapshotSchedule', { params })
  if (!data) return null
  const { next_snapshot_time: next, schedule } = data
  return (
    <div className="mb-3">
      {schedule.length === 0 && <p className="text-dim">{t.snapshots.noSchedule}</p>}
      {schedule.map((cadence, index) => (
        <p key={index}>{sentenceOf(draftOf(cadence, index))}</p>
      ))}
      {next !== undefined && (
        <p className="text-dim">
          {t.snapshots.next} <Time at={next} exact />
        </p>
      )}
    </div>
  )
}

function sentenceOf({ every, hour, weekday, day, retention }: CadenceDraft): string {
  const kept = t.snapshots.keptFor(formatDuration(retention))
  if (every === 'daily') return t.snapshots.daily(hour, kept)
  if (every === 'weekly') return t.snapshots.weekly(t.snapshots.weekdays[weekday], hour, kept)
  return t.snapshots.monthly(day, hour, kept)
}
