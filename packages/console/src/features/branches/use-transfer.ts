import { useEffect, useRef } from 'react'

/** The signal of a transfer that ends with the dialog that it was begun in. */
export function useTransferSignal(): () => AbortSignal {
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  return () => {
    running.current = new AbortController()
    return running.current.signal
  }
}
