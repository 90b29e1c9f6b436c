// Time travel: the moment of the past that statements read is part of the address.
import { useState } from 'react'
import { useSearchValue } from '../../shell/params.ts'
import { type Moment, wordOf } from '../past/moment.ts'

const LSN = /^[\dA-F]+\/[\dA-F]+$/i

/** The moment that the address names; undefined for the present. What is no moment is the server's to refuse: it is not the present. */
export function useTravel() {
  const [at, setAt] = useSearchValue('at')
  const [reached, setReached] = useState<string>()
  const moment: Moment | undefined = at === undefined ? undefined : LSN.test(at) ? { lsn: at } : { time: at }
  return {
    moment,
    /** Statements have been run there: it is open. */
    isReached: at !== undefined && reached === at,
    reached: () => setReached(at),
    go: (to: Moment | undefined) => setAt(to && wordOf(to)),
  }
}
