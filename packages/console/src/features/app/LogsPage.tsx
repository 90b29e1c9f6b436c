import type { App, AppLogLine } from '@lakelet/api'
import { ansiParts } from '@lakelet/theme/ansi'
import { useEffect, useRef, useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import { Empty, Skeleton } from '../../ui/page.tsx'
import { AppFrame } from './AppFrame.tsx'

const LINES = 1000
const FOLLOW_MS = 1000
/** How the parser's classes look here; what is not here looks as its surroundings. Colours that an app mixes itself are not shown. */
const LOOKS: Readonly<Record<string, string>> = {
  bold: 'font-semibold',
  dim: 'text-dim',
  italic: 'italic',
  underline: 'underline',
  'fg-1': 'text-danger',
  'fg-2': 'text-active',
  'fg-3': 'text-warning',
  'fg-4': 'text-pending',
  'fg-6': 'text-accent',
  'fg-8': 'text-dim',
  'fg-9': 'text-danger',
  'fg-10': 'text-active',
  'fg-11': 'text-warning',
  'fg-12': 'text-pending',
  'fg-14': 'text-accent',
}

export function LogsPage() {
  return <AppFrame title={t.app.logs}>{(app) => <Logs app={app} />}</AppFrame>
}

function Logs({ app }: { readonly app: App }) {
  const [follows, setFollows] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  const { data, error, refetch } = useRead(
    'apps.getLogs',
    { params: { name: app.name }, query: { tail_lines: LINES } },
    { everyMs: follows ? FOLLOW_MS : undefined },
  )
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [data, follows])
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton />
  if (data.lines.length === 0) return <Empty title={t.app.noLogs} />
  return (
    <>
      <label className="mb-2 flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={follows}
          onChange={(event) => setFollows(event.target.checked)}
        />
        {t.app.follow}
      </label>
      <div
        ref={box}
        role="log"
        aria-live="off"
        aria-label={t.app.logs}
        tabIndex={0}
        className="h-[60dvh] overflow-auto rounded-panel bg-sunken p-4 font-mono text-[13px]"
      >
        {data.lines.map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </div>
    </>
  )
}

function Line({ line }: { readonly line: AppLogLine }) {
  return (
    <div className="flex gap-3 [overflow-wrap:anywhere] whitespace-pre-wrap">
      <time className="shrink-0 text-dim">{new Date(line.timestamp * 1000).toISOString().slice(11, 23)}</time>
      <span className={`shrink-0 ${line.source === 'SYSTEM' ? 'text-pending' : 'text-dim'}`}>
        {line.source}
      </span>
      <bdi className="min-w-0">
        {ansiParts(line.message).map(({ text, classes }, index) => (
          <span key={index} className={looksOf(classes)}>
            {visible(text)}
          </span>
        ))}
      </bdi>
    </div>
  )
}

function looksOf(classes: string): string {
  return classes
    .split(' ')
    .flatMap((each) => LOOKS[each] ?? [])
    .join(' ')
}
