// The first run: ten steps that tick themselves as they become true.
import type { Overview } from '@lakelet/api'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { Check } from '../../ui/icons.ts'
import { markDone } from './progress.ts'
import { type Step, useSteps } from './use-steps.ts'

const HIDDEN = 'lakelet.tutorial.hidden'

export function Tutorial({ overview }: { readonly overview: Overview }) {
  const [version, setVersion] = useState(0)
  const [isHidden, setHidden] = useState(() => localStorage.getItem(HIDDEN) === '1')
  const steps = useSteps(overview, version)
  const next = steps.find(({ isDone }) => !isDone)?.id
  const hide = (hidden: boolean) => {
    localStorage.setItem(HIDDEN, hidden ? '1' : '0')
    setHidden(hidden)
  }
  if (isHidden) {
    return (
      <p className="mb-8">
        <Button variant="quiet" onClick={() => hide(false)}>
          {t.home.show}
        </Button>
      </p>
    )
  }
  const tick = (step: Step) => {
    markDone(step.id)
    setVersion(version + 1)
  }
  return (
    <section className="mb-10" aria-labelledby="tutorial">
      <div className="mb-3 flex flex-wrap items-center gap-4">
        <h2 id="tutorial" className="text-section">
          {t.home.tutorial}
        </h2>
        <span className="text-dim">
          {t.home.progress(steps.filter(({ isDone }) => isDone).length, steps.length)}
        </span>
        <Button variant="quiet" className="ml-auto" onClick={() => hide(true)}>
          {t.home.hide}
        </Button>
      </div>
      <ol className="panel divide-y divide-line">
        {steps.map((step, index) => (
          <StepLine
            key={step.id}
            step={step}
            number={index + 1}
            isNext={step.id === next}
            onTick={() => tick(step)}
          />
        ))}
      </ol>
    </section>
  )
}

function StepLine({
  step,
  number,
  isNext,
  onTick,
}: {
  readonly step: Step
  readonly number: number
  readonly isNext: boolean
  readonly onTick: () => void
}) {
  const [title, text] = t.home.steps[step.id] ?? [step.id, '']
  return (
    <li
      data-step={step.id}
      data-done={step.isDone}
      className={`flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 ${isNext ? 'bg-tint' : ''}`}
    >
      <span
        className={`flex size-6 shrink-0 items-center justify-center rounded-full text-meta ${step.isDone ? 'bg-accent text-on-accent' : 'border border-edge text-dim'} ${step.isByHand ? 'opacity-60' : ''}`}
      >
        {step.isDone ? <Check size={14} aria-label={step.isByHand ? t.home.byHand : t.home.done} /> : number}
      </span>
      <Link to={step.to} search={step.search ?? {}} className={isNext ? 'font-semibold' : 'text-ink'}>
        {title}
      </Link>
      <span className="min-w-0 flex-1 basis-48 text-dim">{text}</span>
      {!step.isDone && (
        <Button
          variant="quiet"
          className="min-h-7 text-dim"
          aria-label={`${t.home.tick}: ${title}`}
          onClick={onTick}
        >
          {t.home.tick}
        </Button>
      )}
    </li>
  )
}
