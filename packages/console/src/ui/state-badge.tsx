// States as shape, word and colour, so that each alone is enough.
import { t } from '../text/index.ts'

type Look = 'active' | 'idle' | 'pending' | 'warning' | 'danger' | 'disabled'

/** A state of a resource with what it is changing to, as the API says them. */
export function StateBadge({
  state,
  pending,
  isDisabled = false,
  reason,
}: {
  readonly state: string
  readonly pending?: string | undefined
  readonly isDisabled?: boolean
  readonly reason?: string | undefined
}) {
  const shown = isDisabled ? 'DISABLED' : state
  const look = pending ? 'pending' : (LOOKS[shown] ?? 'idle')
  const word = pending && state !== pending ? `${wordOf(shown)} → ${wordOf(pending)}` : wordOf(shown)
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap ${COLOURS[look]}`}
      title={SAYS_WHY.has(look) ? reason : undefined}
    >
      <Shape look={look} />
      {word}
    </span>
  )
}

const LOOKS: Readonly<Record<string, Look>> = {
  ACTIVE: 'active',
  RUNNING: 'active',
  SUCCEEDED: 'active',
  READY: 'active',
  IDLE: 'idle',
  STOPPED: 'idle',
  UNAVAILABLE: 'idle',
  DELETED: 'disabled',
  CANCELLED: 'disabled',
  DISABLED: 'disabled',
  DEGRADED: 'warning',
  CRASHED: 'danger',
  FAILED: 'danger',
  ERROR: 'danger',
  INIT: 'pending',
  STARTING: 'pending',
  STOPPING: 'pending',
  DEPLOYING: 'pending',
  IN_PROGRESS: 'pending',
  UPDATING: 'pending',
  DELETING: 'pending',
  RESETTING: 'pending',
  UNDOING: 'warning',
}

/** A state that is as it should be needs no reason. */
const SAYS_WHY: ReadonlySet<Look> = new Set(['pending', 'warning', 'danger'])

const COLOURS: Readonly<Record<Look, string>> = {
  active: 'text-active',
  idle: 'text-idle',
  pending: 'text-pending',
  warning: 'text-warning',
  danger: 'text-danger',
  disabled: 'text-dim',
}

function wordOf(state: string): string {
  const words: Readonly<Record<string, string>> = t.states
  return words[state] ?? state
}

function Shape({ look }: { readonly look: Look }) {
  if (look === 'idle') {
    return <span aria-hidden="true" className="hatch size-2.5 rounded-full border border-idle" />
  }
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 12 12"
      className={`size-2.5 ${look === 'pending' ? 'turning' : ''}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
    >
      {look === 'active' && <circle cx="6" cy="6" r="6" fill="currentColor" stroke="none" />}
      {look === 'pending' && <circle cx="6" cy="6" r="4.6" strokeDasharray="22 8" />}
      {look === 'warning' && <path d="M6 1 11.5 11h-11z" fill="currentColor" stroke="none" />}
      {look === 'danger' && <path d="m1.5 1.5 9 9m0-9-9 9" />}
      {look === 'disabled' && <path d="M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6ZM2.8 9.2l6.4-6.4" />}
    </svg>
  )
}
