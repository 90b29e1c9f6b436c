// The restore window as a line: what was written when, what happened, and the moment that is chosen. It is a slider; the fields beside it
// and the list of events below it say the same in words.
import type { BranchHistory } from '@lakelet/api'
import { type KeyboardEvent, type PointerEvent, useId, useRef } from 'react'
import { formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import type { EventKind, PastEvent } from './events.ts'

const LOOKS: Readonly<Record<EventKind, { readonly sign: string; readonly colour: string }>> = {
  start: { sign: '▏', colour: 'text-dim' },
  base: { sign: '▾', colour: 'text-dim' },
  restore: { sign: '↶', colour: 'text-warning' },
  reset: { sign: '⟲', colour: 'text-warning' },
  branch: { sign: '●', colour: 'text-active' },
  snapshot: { sign: '◆', colour: 'text-pending' },
}
/** Steps of the arrow keys over the whole line, and with Shift. */
const STEPS = { plain: 100, fine: 1000 } as const

export function Timeline({
  history,
  events,
  at,
  onChoose,
}: {
  readonly history: BranchHistory
  readonly events: readonly PastEvent[]
  /** Milliseconds since 1970; undefined while no time is chosen. */
  readonly at: number | undefined
  readonly onChoose: (at: number) => void
}) {
  const hint = useId()
  const line = useRef<HTMLDivElement>(null)
  const from = Date.parse(history.earliest_restore_time ?? history.latest_restore_time)
  const to = Math.max(from + 1, Date.parse(history.latest_restore_time))
  const within = (time: number) => Math.min(to, Math.max(from, time))
  const placeOf = (time: number) => `${((within(time) - from) / (to - from)) * 100}%`
  const chosen = within(at ?? to)
  const point = (event: PointerEvent) => {
    const box = line.current?.getBoundingClientRect()
    if (!box || box.width === 0) return
    onChoose(within(from + ((event.clientX - box.left) / box.width) * (to - from)))
  }
  return (
    <div className="mb-4">
      <div
        role="slider"
        tabIndex={0}
        aria-label={t.restore.timeline}
        aria-describedby={hint}
        aria-valuemin={from}
        aria-valuemax={to}
        aria-valuenow={Math.round(chosen)}
        aria-valuetext={at === undefined ? t.common.none : formatTime(chosen)}
        className="panel relative h-20 cursor-pointer touch-none px-4"
        onKeyDown={(event) => afterKey(event, { from, to, chosen, events }, onChoose)}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          point(event)
        }}
        onPointerMove={(event) => event.buttons === 1 && point(event)}
      >
        <div ref={line} aria-hidden="true" className="relative h-full">
          <Picture {...{ history, events, at, placeOf }} />
          <time className="absolute bottom-1 left-0 text-meta text-dim">{formatTime(from)}</time>
          <span className="absolute right-0 bottom-1 text-meta text-dim">{t.restore.now}</span>
        </div>
      </div>
      <Legend events={events} history={history} />
      <p id={hint} className="text-meta text-dim">
        {t.restore.timelineHint}
      </p>
    </div>
  )
}

function Picture({
  history,
  events,
  at,
  placeOf,
}: {
  readonly history: BranchHistory
  readonly events: readonly PastEvent[]
  readonly at: number | undefined
  readonly placeOf: (time: number) => string
}) {
  return (
    <>
      <Written history={history} placeOf={placeOf} />
      <div className="absolute inset-x-0 top-12 h-px bg-edge" />
      {events.map(({ key, kind, time }) => (
        <span
          key={key}
          className={`absolute top-2 -translate-x-1/2 ${LOOKS[kind].colour}`}
          style={{ left: placeOf(Date.parse(time)) }}
        >
          {LOOKS[kind].sign}
        </span>
      ))}
      {at !== undefined && (
        <span className="absolute inset-y-0 w-0.5 -translate-x-1/2 bg-accent" style={{ left: placeOf(at) }} />
      )}
    </>
  )
}

/** How much log there was when, as bars on the line. */
function Written({
  history: { log_activity: parts },
  placeOf,
}: {
  readonly history: BranchHistory
  readonly placeOf: (time: number) => string
}) {
  const most = Math.max(1, ...parts.map(({ bytes }) => bytes))
  return parts.map(({ start_time: start, bytes }) => (
    <span
      key={start}
      className="absolute bottom-8 w-1 -translate-x-1/2 bg-accent opacity-40"
      style={{ left: placeOf(Date.parse(start)), height: `${4 + (bytes / most) * 20}px` }}
    />
  ))
}

function Legend({
  events,
  history,
}: {
  readonly events: readonly PastEvent[]
  readonly history: BranchHistory
}) {
  const kinds = [...new Set(events.map(({ kind }) => kind))].filter((kind) => kind !== 'start')
  return (
    <p aria-hidden="true" className="mt-1 flex flex-wrap gap-x-4 text-meta text-dim">
      {history.log_activity.length > 0 && (
        <span>
          <span className="mr-1 inline-block h-2.5 w-1 bg-accent opacity-40" />
          {t.restore.marks.log}
        </span>
      )}
      {kinds.map((kind) => (
        <span key={kind}>
          <span className={LOOKS[kind].colour}>{LOOKS[kind].sign}</span> {t.restore.marks[kind]}
        </span>
      ))}
    </p>
  )
}

/** Chooses where a key leads to, if anywhere. */
function afterKey(event: KeyboardEvent, line: Line, onChoose: (at: number) => void): void {
  const next = placeAfter(event, line)
  if (next === undefined) return
  event.preventDefault()
  onChoose(Math.min(line.to, Math.max(line.from, next)))
}

interface Line {
  readonly from: number
  readonly to: number
  readonly chosen: number
  readonly events: readonly PastEvent[]
}

function placeAfter({ key, shiftKey }: KeyboardEvent, line: Line): number | undefined {
  const { from, to, chosen } = line
  const step = (to - from) / (shiftKey ? STEPS.fine : STEPS.plain)
  const times = line.events.map(({ time }) => Date.parse(time))
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return chosen + step
    case 'ArrowLeft':
    case 'ArrowDown':
      return chosen - step
    case 'Home':
      return from
    case 'End':
      return to
    case 'PageUp':
      return Math.min(to, ...times.filter((time) => time > chosen))
    case 'PageDown':
      return Math.max(from, ...times.filter((time) => time < chosen))
    default:
      return undefined
  }
}
