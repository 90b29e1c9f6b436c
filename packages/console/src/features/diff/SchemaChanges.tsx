// What of a schema is other, by kind.
import type { SchemaComparison } from '@lakelet/api'
import { t } from '../../text/index.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'

type Change = SchemaComparison['changes'][number]

const SIGNS: Readonly<Record<Change['action'], string>> = { add: '+', remove: '−', change: '~' }
const COLOURS: Readonly<Record<Change['action'], string>> = {
  add: 'text-active',
  remove: 'text-danger',
  change: 'text-warning',
}

/** In what order kinds are told; those that are not here come last, by their names. */
const KINDS = [
  'schema',
  'table',
  'column',
  'index',
  'constraint',
  'view',
  'function',
  'policy',
  'grant',
  'extension',
]

export function SchemaChanges({ changes }: { readonly changes: readonly Change[] }) {
  if (changes.length === 0) return <p className="text-dim">{t.diff.equal}</p>
  return (
    <div className="panel divide-y divide-line">
      {byKind(changes).map(([kind, list]) => (
        <section key={kind} aria-label={kindWord(kind)} className="px-4 py-3">
          <h4 className="mb-1 font-semibold">
            {kindWord(kind)} <span className="font-normal text-dim">{list.length}</span>
          </h4>
          <ul>
            {list.map((change, index) => (
              <li key={index} className="flex gap-2 py-0.5">
                <span
                  aria-hidden="true"
                  className={`w-3 shrink-0 text-center font-mono ${COLOURS[change.action]}`}
                >
                  {SIGNS[change.action]}
                </span>
                <span className="sr-only">{t.diff.actions[change.action]}</span>
                <span className="min-w-0 [overflow-wrap:anywhere]">
                  <code>
                    <ForeignText text={change.name} />
                  </code>
                  {change.attributes && (
                    <span className="ml-2 text-meta text-dim">
                      <ForeignText text={change.attributes.join(', ')} />
                    </span>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}

function byKind(changes: readonly Change[]): [string, Change[]][] {
  const groups = Map.groupBy(changes, ({ kind }) => kind)
  const rank = (kind: string) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length)
  return [...groups].toSorted(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1))
}

function kindWord(kind: string): string {
  return t.diff.kinds[kind] ?? kind
}
