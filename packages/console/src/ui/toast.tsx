// Short words about what has been done. Errors are never only here.
import { Toast } from '@base-ui/react/toast'
import { t } from '../text/index.ts'
import { X } from './icons.ts'

const manager = Toast.createToastManager()

/** Says that something was done. */
export function say(title: string): void {
  manager.add({ title, timeout: 6000 })
}

export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport
          aria-label={t.shell.notifications}
          className="fixed right-4 bottom-4 z-40 flex w-[calc(100vw-32px)] max-w-[360px] flex-col gap-2"
        >
          <Shown />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function Shown() {
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="overlay fade flex items-start gap-3 px-4 py-3">
      <Toast.Title className="flex-1 [overflow-wrap:anywhere]" render={<p />} />
      <Toast.Close className="btn-quiet text-dim" aria-label={t.common.close}>
        <X size={16} aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ))
}
