import type { Endpoint } from '@lakelet/api'
import type { ReactNode } from 'react'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ChevronDown, Play, Square } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'

interface SqlBarProps {
  /** The switch between now and then. */
  readonly travel: ReactNode
  /** It is the past that is read, which nothing changes. */
  readonly isPast: boolean
  readonly roles: readonly string[]
  readonly role: string
  readonly onRole: (role: string) => void
  readonly databases: readonly string[]
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
      <RunButtons {...props} />
      <label className="flex items-center gap-1.5" title={t.sql.readOnlyHint}>
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={props.isReadOnly || props.isPast}
          disabled={props.isPast}
          onChange={(event) => props.onReadOnly(event.target.checked)}
        />
        {t.sql.readOnly}
      </label>
      {props.travel}
      <div className="ml-auto flex flex-wrap items-center gap-3">
        {endpoint && !props.isPast && (
          <StateBadge
            state={endpoint.status.current_state}
            pending={endpoint.status.pending_state}
            isDisabled={endpoint.status.disabled}
          />
        )}
        <Choice
          label={t.connect.database}
          chosen={props.database}
          names={props.databases}
          onChoose={props.onDatabase}
        />
        <Choice label={t.sql.runs} chosen={props.role} names={props.roles} onChoose={props.onRole} />
        <Button onClick={props.onSave}>{t.sql.save}</Button>
      </div>
    </div>
  )
}

type RunButtonsProps = Pick<SqlBarProps, 'isRunning' | 'onRun' | 'onRunAll' | 'onExplain' | 'onCancel'>

function RunButtons(props: RunButtonsProps) {
  return (
    <>
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
    </>
  )
}

function Choice(props: {
  readonly label: string
  readonly chosen: string
  readonly names: readonly string[]
  readonly onChoose: (name: string) => void
}) {
  return (
    <select
      className="control w-48"
      aria-label={props.label}
      title={props.label}
      value={props.chosen}
      onChange={(event) => props.onChoose(event.target.value)}
    >
      {props.names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  )
}
