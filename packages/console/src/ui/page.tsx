// The parts that pages are made of.
import { type ReactNode, useEffect, useRef } from 'react'

interface PageProps {
  readonly title: string
  /** The title is the name of something, in nobody's language. */
  readonly isName?: boolean
  /** Beside the title: a state, a version. */
  readonly beside?: ReactNode
  readonly intro?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
  /** Editors and grids take the whole width. */
  readonly isWide?: boolean
}

/** A page: its heading takes the focus when one comes from another page, so that a screen reader says where one is. */
export function Page({ title, isName = false, beside, intro, actions, children, isWide = false }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Lakelet`
  }, [title])
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest('nav')) {
      heading.current?.focus({ preventScroll: true })
    }
  }, [])
  return (
    <div className={`mx-auto w-full px-4 py-6 sm:px-8 ${isWide ? '' : 'max-w-[1200px]'}`}>
      <header className="mb-6 flex flex-wrap items-start gap-x-4 gap-y-3">
        <div className="min-w-0 flex-1 basis-64">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1
              ref={heading}
              tabIndex={-1}
              className="text-title leading-8 outline-none [overflow-wrap:anywhere]"
            >
              {isName ? <bdi>{title}</bdi> : title}
            </h1>
            {beside}
          </div>
          {intro && <p className="mt-1 max-w-[72ch] text-dim">{intro}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

export function Section({
  title,
  intro,
  actions,
  children,
}: {
  readonly title: string
  readonly intro?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <section className="mb-8">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-2">
        <div>
          <h2 className="text-section">{title}</h2>
          {intro && <p className="max-w-[72ch] text-dim">{intro}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  )
}

/** What an empty place says: what it is for, and how to fill it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="panel px-6 py-10">
      <p className="text-section font-semibold">{title}</p>
      {children && (
        <div className="mt-2 flex max-w-[64ch] flex-col items-start gap-4 text-dim">{children}</div>
      )}
    </div>
  )
}

/** Terms with their values, in two columns where there is room. */
export function Facts({ items }: { readonly items: readonly (readonly [term: string, value: ReactNode])[] }) {
  return (
    <dl className="panel grid grid-cols-1 gap-x-8 px-5 py-2 sm:grid-cols-2">
      {items.map(([term, value]) => (
        <div key={term} className="flex min-w-0 items-baseline gap-4 py-2">
          <dt className="w-28 shrink-0 text-dim sm:w-40">{term}</dt>
          <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The shape of a list that is on its way. */
export function Skeleton({ rows = 4 }: { readonly rows?: number }) {
  return (
    <div className="panel late divide-y divide-line" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex h-10 items-center px-4">
          <div className="h-3 w-48 rounded-control bg-sunken" />
        </div>
      ))}
    </div>
  )
}

/** A note in a page. */
export function Notice({
  tone = 'info',
  children,
}: {
  readonly tone?: 'info' | 'warning' | 'danger'
  readonly children: ReactNode
}) {
  const tones = {
    info: 'border-line bg-sunken',
    warning: 'border-warning bg-warning-tint',
    danger: 'border-danger bg-danger-tint',
  } as const
  return (
    <div role="note" className={`rounded-panel border-l-4 px-4 py-3 ${tones[tone]}`}>
      {children}
    </div>
  )
}
