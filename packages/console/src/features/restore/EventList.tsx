import { formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import type { PastEvent } from './events.ts'

/** The newest; the timeline has them all. */
const SHOWN = 20

/** What happened, each with a button that chooses its moment. */
export function EventList({
  events,
  onChoose,
}: {
  readonly events: readonly PastEvent[]
  readonly onChoose: (time: string) => void
}) {
  return (
    <ResourceTable
      label={t.restore.events}
      rows={events.slice(0, SHOWN)}
      rowKey={({ key }) => key}
      empty={<p className="text-dim">{t.restore.noEvents}</p>}
      columns={[
        {
          key: 'when',
          title: t.restore.when,
          cell: ({ time }) => <time dateTime={time}>{formatTime(time)}</time>,
        },
        {
          key: 'what',
          title: t.restore.event,
          cell: ({ kind, name }) => (
            <>
              {t.restore.marks[kind]} {name !== undefined && <bdi>{name}</bdi>}
            </>
          ),
        },
      ]}
      actions={({ time, kind }) => (
        <Button
          variant="quiet"
          aria-label={`${t.restore.choose}: ${t.restore.marks[kind]}, ${formatTime(time)}`}
          onClick={() => onChoose(time)}
        >
          {t.restore.choose}
        </Button>
      )}
    />
  )
}
