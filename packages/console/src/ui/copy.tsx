// Values to take along.
import { useEffect, useState } from 'react'
import { t } from '../text/index.ts'
import { Button } from './button.tsx'
import { ForeignText } from './foreign-text.tsx'
import { Check, Copy } from './icons.ts'

const SAID_MS = 2000

/** Copies `value`, or what `value` gives, and says so. */
export function CopyButton({
  value,
  label,
  isIcon = true,
}: {
  readonly value: string | (() => Promise<string>)
  /** What is copied, for who cannot see the value beside it. */
  readonly label: string
  readonly isIcon?: boolean
}) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return undefined
    const timer = setTimeout(() => setState('idle'), SAID_MS)
    return () => clearTimeout(timer)
  }, [state])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof value === 'string' ? value : await value())
      setState('copied')
    } catch {
      setState('failed')
    }
  }
  const said = state === 'copied' ? t.common.copied : state === 'failed' ? t.common.copyFailed : ''
  return (
    <>
      <Button
        variant={isIcon ? 'quiet' : 'plain'}
        className={isIcon ? 'min-h-7 px-1.5' : ''}
        aria-label={isIcon ? t.common.copy(label) : undefined}
        title={isIcon ? t.common.copy(label) : undefined}
        onClick={() => void copy()}
      >
        {state === 'copied' ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
        {!isIcon && (said || label)}
      </Button>
      <span role="status" className="sr-only">
        {said}
      </span>
    </>
  )
}

/** A value in mono with its copy button. */
export function CopyField({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="min-w-0 [overflow-wrap:anywhere]">
        <ForeignText text={value} />
      </code>
      <CopyButton value={value} label={label} />
    </span>
  )
}

/** Lines to copy as a whole. */
export function Snippet({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div className="relative rounded-panel bg-sunken">
      <pre tabIndex={0} role="group" aria-label={label} className="mr-12 overflow-x-auto py-3 pl-4">
        {text}
      </pre>
      <div className="absolute top-1.5 right-1.5">
        <CopyButton value={text} label={label} />
      </div>
    </div>
  )
}
