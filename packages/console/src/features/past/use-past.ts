// The past of a branch that can be reached, and the moment of it that one has chosen.
import { useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { formatTime } from '../../text/format.ts'
import {
  fieldsOf,
  type Moment,
  type MomentDraft,
  momentOf,
  type MomentProblem,
  timeOf,
  type Window,
} from './moment.ts'

export interface BranchParams {
  readonly project: string
  readonly branch: string
}

/** How far back a branch goes. Asking does not wake it. */
export function useHistory(params: BranchParams, enabled = true) {
  return useRead('lakelet.getBranchHistory', { params }, { enabled })
}

export interface ChosenMoment {
  readonly draft: MomentDraft
  readonly change: (part: Partial<MomentDraft>) => void
  /** Undefined while what is typed is none that can be reached. */
  readonly moment: Moment | undefined
  /** Why not, in words. */
  readonly problem: string | undefined
}

/** A moment in the making; it begins with `first`, or the present. While the window is not known every time is one: the server refuses what is outside. */
export function useMoment(window: Window | undefined, readAt: number, first?: string): ChosenMoment {
  const [draft, setDraft] = useState<MomentDraft>(() => ({
    kind: 'time',
    ...fieldsOf(timeOf({ date: '', clock: first ?? '', zone: 'UTC' }) ?? thisSecond(), 'local'),
    zone: 'local',
    lsn: '',
  }))
  const found = momentOf(draft, window ?? OPEN, Math.max(0, Date.now() - readAt))
  return {
    draft,
    change: (part) => setDraft((before) => withPart(before, part)),
    moment: 'moment' in found ? found.moment : undefined,
    problem: window && 'problem' in found ? wordsOf(found.problem, draft, window) : undefined,
  }
}

function thisSecond(): string {
  return new Date(Math.floor(Date.now() / 1000) * 1000).toISOString()
}

/** Another zone shows the same moment. */
function withPart(before: MomentDraft, part: Partial<MomentDraft>): MomentDraft {
  if (part.zone === undefined || part.zone === before.zone) return { ...before, ...part }
  const shown = momentOf(before, OPEN)
  const fields = 'moment' in shown && 'time' in shown.moment ? fieldsOf(shown.moment.time, part.zone) : {}
  return { ...before, ...part, ...fields }
}

const OPEN: Window = {
  earliest_restore_time: '1970-01-01T00:00:00Z',
  latest_restore_time: '9999-12-31T00:00:00Z',
  earliest_restore_lsn: '0/0',
  latest_restore_lsn: 'FFFFFFFF/FFFFFFFF',
}

function wordsOf(problem: MomentProblem, { kind }: MomentDraft, window: Window): string {
  if (problem === 'not-begun') return t.past.notBegun
  if (problem === 'no-time') return t.past.noTime
  if (problem === 'no-lsn') return t.past.noLsn
  return kind === 'lsn'
    ? t.past.outsideLsn(window.earliest_restore_lsn ?? '', window.latest_restore_lsn)
    : t.past.outside(formatTime(window.earliest_restore_time ?? ''), formatTime(window.latest_restore_time))
}
