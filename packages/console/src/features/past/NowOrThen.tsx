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
  const isPast = source !== 'now'
  const history = useHistory(params, isPast && params.branch !== '')
  const chosen = useMoment(history.data, history.dataUpdatedAt)
  const choose = (next: string) => {
    const found = SOURCES.find((each) => each === next) ?? 'now'
    setSource(found)
    if (found !== 'now') chosen.change({ kind: found })
  }
  const moment = isPast ? chosen.moment : undefined
  return { source, isPast, choose, chosen, history, moment, isKnown: !isPast || moment !== undefined }
}

export function NowOrThen({ label, choice }: { readonly label: string; readonly choice: NowOrThenChoice }) {
  return (
    <>
      <SelectField
        label={label}
        value={choice.source}
        options={SOURCES.map((each) => [each, t.past.source[each]] as const)}
        onChange={(event) => choice.choose(event.target.value)}
      />
      <ThenFields choice={choice} />
    </>
  )
}

/** The moment, where one of the past is wanted. */
export function ThenFields({ choice: { isPast, chosen, history } }: { readonly choice: NowOrThenChoice }) {
  if (!isPast) return null
  return (
    <>
      {history.error && <ErrorPanel error={history.error} onRetry={() => void history.refetch()} />}
      <MomentFields chosen={chosen} window={history.data} />
    </>
  )
}
