// The present of a branch, or a moment of its past.
import { useState } from 'react'
import { t } from '../../text/index.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { SelectField } from '../../ui/form.tsx'
import { MomentFields } from './MomentFields.tsx'
import { type BranchParams, useHistory, useMoment } from './use-past.ts'

const SOURCES = ['now', 'time', 'lsn'] as const

export type NowOrThenChoice = ReturnType<typeof useNowOrThen>

/** `moment` is undefined for the present, and while what is typed is none that can be reached: then `isKnown` is false. */
export function useNowOrThen(params: BranchParams) {
  const [source, setSource] = useState<(typeof SOURCES)[number]>('now')
  const history = useHistory(params, source !== 'now')
  const chosen = useMoment(history.data, history.dataUpdatedAt)
  const choose = (next: string) => {
    const found = SOURCES.find((each) => each === next) ?? 'now'
    setSource(found)
    if (found !== 'now') chosen.change({ kind: found })
  }
  const moment = source === 'now' ? undefined : chosen.moment
  return { source, choose, chosen, history, moment, isKnown: source === 'now' || moment !== undefined }
}

export function NowOrThen({
  label,
  choice: { source, choose, chosen, history },
}: {
  readonly label: string
  readonly choice: NowOrThenChoice
}) {
  return (
    <>
      <SelectField
        label={label}
        value={source}
        options={SOURCES.map((each) => [each, t.past.source[each]] as const)}
        onChange={(event) => choose(event.target.value)}
      />
      {source !== 'now' && history.error && <ErrorPanel error={history.error} />}
      {source !== 'now' && <MomentFields chosen={chosen} window={history.data} />}
    </>
  )
}
