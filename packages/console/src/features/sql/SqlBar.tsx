import type { Endpoint } from '@lakelet/api'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ChevronDown, Play, Square } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'

interface SqlBarProps {
  readonly user: string
  readonly database: string
  readonly onDatabase: (database: string) => void
  readonly isReadOnly: boolean
  readonly onReadOnly: (isReadOnly: boolean) => void
  readonly endpoint: Endpoint | undefined
  readonly isRunning: boolean
  readonly onRun: () => void
  readonly onRunAll: () => void
  readonly onExplain: (analyze: boolean) => void
  readonly onCancel: () => void
  readonly onSave: () => void
}

export function SqlBar(props: SqlBarProps) {
  const { endpoint } = props
  return (
    <div className="flex flex-wrap items-center gap-2 border-y border-line bg-surface px-2 py-1.5">
      {props.isRunning ? (
        <Button variant="danger" onClick={props.onCancel} aria-keyshortcuts="Control+.">
          <Square size={14} aria-hidden />
          {t.sql.cancel}
        </Button>
      ) : (
        <Button variant="primary" onClick={props.onRun} aria-keyshortcuts="Control+Enter">
          <Play size={14} aria-hidden />
          {t.sql.run}
        </Button>
      )}
      <Button onClick={props.onRunAll} isBusy={props.isRunning}>
        {t.sql.runAll}
      </Button>
      <Menu
        trigger={
          <Button>
            {t.sql.explain}
            <ChevronDown size={14} aria-hidden />
          </Button>
        }
        groups={[
          {
            entries: [
              { label: t.sql.explain, onSelect: () => props.onExplain(false) },
              { label: `${t.sql.analyze} (${t.sql.analyzeHint})`, onSelect: () => props.onExplain(true) },
            ],
          },
        ]}
      />
      <label className="flex items-center gap-1.5" title={t.sql.readOnlyHint}>
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={props.isReadOnly}
          onChange={(event) => props.onReadOnly(event.target.checked)}
        />
        {t.sql.readOnly}
      </label>
      <div className="ml-auto flex flex-wrap items-center gap-3">
        {endpoint && (
          <StateBadge
            state={endpoint.status.current_state}
            pending={endpoint.status.pending_state}
            isDisabled={endpoint.status.disabled}
          />
        )}
        <input
          className="control w-48"
          aria-label={t.connect.database}
          value={props.database}
          onChange={(event) => props.onDatabase(event.target.value)}
        />
        <span className="max-w-52 truncate text-dim max-md:hidden" title={t.sql.runs}>
          {t.sql.runs} <bdi>{props.user}</bdi>
        </span>
        <Button onClick={props.onSave}>{t.sql.save}</Button>
      </div>
    </div>
  )
}
