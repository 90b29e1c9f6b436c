// Dialogs. Esc closes, and the focus returns to where it was.
import { Dialog as Base } from '@base-ui/react/dialog'
import { type ReactNode, useRef } from 'react'
import { t } from '../text/index.ts'
import { X } from './icons.ts'

export interface DialogProps {
  readonly title: string
  readonly description?: ReactNode
  readonly onClose: () => void
  readonly children: ReactNode
  readonly footer?: ReactNode
  readonly isWide?: boolean
}

/** An open dialog; the page that shows it decides when. */
export function Dialog({ title, description, onClose, children, footer, isWide = false }: DialogProps) {
  const popup = useRef<HTMLDivElement>(null)
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fade fixed inset-0 z-20 bg-(--scrim)" />
        <Base.Popup
          ref={popup}
          initialFocus={() => firstField(popup.current)}
          className={`overlay fade fixed top-1/2 outline-none left-1/2 z-20 flex max-h-[calc(100dvh-32px)] w-[calc(100vw-32px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-dialog ${isWide ? 'max-w-[760px]' : 'max-w-[520px]'}`}
        >
          <header className="flex items-start gap-4 px-6 pt-5 pb-3">
            <div className="min-w-0 flex-1">
              <Base.Title className="text-section [overflow-wrap:anywhere]">{title}</Base.Title>
              {description && (
                <Base.Description className="mt-1 text-dim" render={<div />}>
                  {description}
                </Base.Description>
              )}
            </div>
            <Base.Close className="btn btn-quiet -mr-2 px-1.5" aria-label={t.common.close}>
              <X size={18} aria-hidden />
            </Base.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-6 py-2">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 px-6 pt-3 pb-5">{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

/** Where the work of a dialog begins: its first field, else the dialog itself, but not the button that closes it. */
function firstField(popup: HTMLElement | null): HTMLElement | null {
  const field = popup?.querySelector<HTMLElement>('[autofocus]') ?? popup?.querySelector<HTMLElement>(FIELDS)
  return field ?? popup
}

const FIELDS = 'input:not([type=hidden], [readonly]), select, textarea'
