// A row of tabs: one is in the tab order, the arrow keys go to the others.
import { type KeyboardEvent, type ReactNode, useRef } from 'react'

interface TabListProps<V> {
  readonly label: string
  readonly tabs: readonly (readonly [value: V, text: ReactNode])[]
  readonly chosen: V
  readonly onChoose: (value: V) => void
  readonly className?: string
  /** Of one tab, beside what all have. */
  readonly tabClass?: (value: V) => string
}

export function TabList<V extends string | number>(props: TabListProps<V>) {
  const { tabs, chosen, onChoose } = props
  const list = useRef<HTMLDivElement>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex(([value]) => value === chosen)
    const last = tabs.length - 1
    const to = { ArrowRight: at < last ? at + 1 : 0, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last }[
      event.key
    ]
    const next = to === undefined ? undefined : tabs[to]
    if (!next || to === undefined) return
    event.preventDefault()
    onChoose(next[0])
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[to]?.focus()
  }
  return (
    <div
      ref={list}
      role="tablist"
      aria-label={props.label}
      className={`flex gap-1 border-b border-line ${props.className ?? ''}`}
      onKeyDown={onKeyDown}
    >
      {tabs.map(([value, text]) => (
        <button
          key={value}
          type="button"
          role="tab"
          aria-selected={value === chosen}
          tabIndex={value === chosen ? 0 : -1}
          className={`btn btn-quiet min-h-7 px-2 ${value === chosen ? 'bg-tint text-accent' : ''} ${props.tabClass?.(value) ?? ''}`}
          onClick={() => onChoose(value)}
        >
          {text}
        </button>
      ))}
    </div>
  )
}
