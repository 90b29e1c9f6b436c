// Menus behind a button.
import { Menu as Base } from '@base-ui/react/menu'
import type { ReactElement, ReactNode } from 'react'

export interface MenuEntry {
  readonly label: string
  readonly onSelect: () => void
  readonly isDanger?: boolean
  readonly icon?: ReactNode
  readonly isChosen?: boolean
  /** Why it cannot be used now. */
  readonly disabledReason?: string | undefined
}

export function Menu({
  trigger,
  groups,
}: {
  readonly trigger: ReactElement<Record<string, unknown>>
  readonly groups: readonly { readonly title?: string; readonly entries: readonly MenuEntry[] }[]
}) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} align="end" className="z-30">
          <Base.Popup className="overlay fade max-h-[70dvh] min-w-52 overflow-y-auto p-1">
            {groups.map(({ title, entries }, index) => (
              <Base.Group key={title ?? index} className={index > 0 ? 'mt-1 border-t border-line pt-1' : ''}>
                {title && (
                  <Base.GroupLabel className="px-3 pt-1 pb-0.5 text-meta text-dim">{title}</Base.GroupLabel>
                )}
                {entries.map((entry) => (
                  <Entry key={entry.label} {...entry} />
                ))}
              </Base.Group>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

function Entry({ label, onSelect, isDanger, icon, isChosen, disabledReason }: MenuEntry) {
  return (
    <Base.Item
      className={`menu-item ${isDanger ? 'text-danger' : ''}`}
      disabled={disabledReason !== undefined}
      onClick={onSelect}
      {...(isChosen === undefined ? {} : { 'aria-current': isChosen })}
    >
      {icon}
      <span className="flex flex-1 flex-col">
        {label}
        {disabledReason && <span className="text-meta text-dim">{disabledReason}</span>}
      </span>
      {isChosen && <span aria-hidden>✓</span>}
    </Base.Item>
  )
}
