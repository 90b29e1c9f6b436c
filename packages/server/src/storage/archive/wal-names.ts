// The names of files in pg_wal (src/include/access/xlog_internal.h).

const SEGMENT = /^[0-9A-F]{24}$/
const HISTORY = /^[0-9A-F]{8}\.history$/
/** A segment, the beginning of one that another timeline goes on with, the history of a timeline, the note of a base backup. */
const ARCHIVED = /^(?:[0-9A-F]{24}(?:\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)$/

/** Whether Postgres asks to have files of such a name archived. */
export function isArchivedName(name: string): boolean {
  return ARCHIVED.test(name)
}

export function isSegment(name: string): boolean {
  return SEGMENT.test(name)
}

export function isHistory(name: string): boolean {
  return HISTORY.test(name)
}

/** The timeline of a segment or of a history file. */
export function timelineOf(name: string): number {
  return Number.parseInt(name.slice(0, 8), 16)
}

/** Where a segment (or what belongs to one) is in the log, whatever its timeline: texts that sort as positions do. */
export function positionOf(name: string): string {
  return name.slice(8, 24)
}

export function historyName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`
}
