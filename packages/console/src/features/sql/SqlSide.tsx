// Beside the editor: saved queries, history, schema.
import { useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import { TabList } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import type { Relation } from './catalog.ts'
import { clearHistory, readHistory } from './history.ts'
import { queriesFolder, readQuery } from './saved-queries.ts'

interface SqlSideProps {
  readonly user: string
  readonly relations: readonly Relation[]
  readonly onOpen: (text: string) => void
}

/** A column of its own where there is room; elsewhere it opens above the editor. */
export function SqlSide(props: SqlSideProps) {
  const [isOpen, setOpen] = useState(false)
  const open = (text: string) => {
    setOpen(false)
    props.onOpen(text)
  }
  return (
    <>
      <aside className="flex w-60 shrink-0 flex-col border-r border-line bg-surface max-lg:hidden">
        <Tabs {...props} />
      </aside>
      <details
        className="border-b border-line bg-surface lg:hidden"
        open={isOpen}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary className="cursor-pointer px-2 py-1">
          {[t.sql.schema, t.sql.history, t.sql.savedQueries].join(' · ')}
        </summary>
        {isOpen && (
          <div className="flex h-60 flex-col">
            <Tabs {...props} onOpen={open} />
          </div>
        )}
      </details>
    </>
  )
}

function Tabs({ user, relations, onOpen }: SqlSideProps) {
  const [tab, setTab] = useState<'saved' | 'history' | 'schema'>('schema')
  const tabs = [
    ['schema', t.sql.schema],
    ['history', t.sql.history],
    ['saved', t.sql.savedQueries],
  ] as const
  return (
    <>
      <TabList label={t.sql.schema} tabs={tabs} chosen={tab} onChoose={setTab} className="p-1" />
      <div role="tabpanel" className="min-h-0 flex-1 overflow-y-auto p-2" tabIndex={0}>
        {tab === 'schema' && <Schema relations={relations} />}
        {tab === 'history' && <History user={user} onOpen={onOpen} />}
        {tab === 'saved' && <Saved user={user} onOpen={onOpen} />}
      </div>
    </>
  )
}

function Schema({ relations }: Pick<SqlSideProps, 'relations'>) {
  return (
    <ul>
      {relations.map(({ schema, name, columns }) => (
        <li key={`${schema}.${name}`}>
          <details>
            <summary className="cursor-pointer truncate rounded-control px-1 py-0.5">
              <bdi>{schema === 'public' ? visible(name) : visible(`${schema}.${name}`)}</bdi>
            </summary>
            <ul className="ml-5 text-dim">
              {columns.map((column) => (
                <li key={column} className="truncate">
                  <bdi>{visible(column)}</bdi>
                </li>
              ))}
            </ul>
          </details>
        </li>
      ))}
    </ul>
  )
}

function History({ user, onOpen }: Pick<SqlSideProps, 'user' | 'onOpen'>) {
  const [entries, setEntries] = useState(() => readHistory(user))
  if (entries.length === 0) return <p className="p-1 text-dim">{t.sql.noHistory}</p>
  const clear = () => {
    clearHistory(user)
    setEntries([])
  }
  return (
    <>
      <ul>
        {entries.map(({ text, at }) => (
          <li key={at}>
            <button
              type="button"
              className="menu-item flex-col items-start gap-0"
              onClick={() => onOpen(text)}
            >
              <code className="w-full truncate text-meta">{visible(text)}</code>
              <span className="text-meta text-dim">
                <Time at={at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Button variant="quiet" onClick={clear}>
        {t.sql.clearHistory}
      </Button>
    </>
  )
}

function Saved({ user, onOpen }: Pick<SqlSideProps, 'user' | 'onOpen'>) {
  const { data } = useRead('workspace.list', { query: { path: queriesFolder(user) } })
  const saved = (data?.objects ?? []).filter(({ path }) => path.endsWith('.sql'))
  if (saved.length === 0) return <p className="p-1 text-dim">{t.sql.noSaved}</p>
  return (
    <ul>
      {saved.map(({ path }) => (
        <li key={path}>
          <button type="button" className="menu-item" onClick={() => void readQuery(path).then(onOpen)}>
            <bdi className="truncate">{path.split('/').at(-1)}</bdi>
          </button>
        </li>
      ))}
    </ul>
  )
}
