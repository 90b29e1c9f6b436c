// What differs in the schemas of two branches, and the SQL that makes the one like the other.
import { useQuery } from '@tanstack/react-query'
import type { SchemaComparison } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { useRead } from '../../api/queries.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { Snippet } from '../../ui/copy.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { SelectField } from '../../ui/form.tsx'
import { Empty, Notice, Page, Section, Skeleton } from '../../ui/page.tsx'
import { useDatabaseNames } from '../roles/use-names.ts'
import { SchemaChanges } from './SchemaChanges.tsx'

export function DiffPage() {
  const project = useParam('project')
  const here = useParam('branch')
  const [asked, setAsked] = useSearchValue('with')
  // Whether the branch of the address is the one that the other is to become like.
  const [side, setSide] = useSearchValue('side')
  const { data, error, refetch } = useRead('postgres.listBranches', { params: { project } })
  const others = (data?.branches ?? []).filter(({ branch_id: id }) => id !== here)
  const source = data?.branches?.find(({ branch_id: id }) => id === here)?.status.source_branch
  const parent = others.find(({ name }) => name === source)
  const other = others.find(({ branch_id: id }) => id === asked) ?? parent ?? others[0]
  return (
    <Page title={t.diff.title} intro={t.diff.intro}>
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Skeleton />
      ) : other ? (
        <Sides
          key={`${here} ${other.branch_id}`}
          project={project}
          here={here}
          other={other.branch_id}
          others={others.map(({ branch_id: id }) => id)}
          isTurned={side === 'to'}
          onOther={setAsked}
          onTurn={() => setSide(side === 'to' ? undefined : 'to')}
        />
      ) : (
        <Empty title={t.diff.onlyOne} />
      )}
    </Page>
  )
}

interface SidesProps {
  readonly project: string
  readonly here: string
  readonly other: string
  readonly others: readonly string[]
  readonly isTurned: boolean
  readonly onOther: (branch: string) => void
  readonly onTurn: () => void
}

function Sides({ project, here, other, others, isTurned, onOther, onTurn }: SidesProps) {
  const [database, setDatabase] = useState('databricks_postgres')
  const databases = useDatabaseNames({ project, branch: here }, database)
  const [isAsked, setAsked] = useState(false)
  const [from, to] = isTurned ? [other, here] : [here, other]
  const comparison = useComparison({ project, from, to, database }, isAsked)
  const choice = (label: string, branch: string) =>
    branch === here ? (
      <SelectField label={label} options={[[here, here]]} value={here} disabled />
    ) : (
      <SelectField
        label={label}
        options={others.map((each) => [each, each] as const)}
        value={other}
        onChange={(event) => onOther(event.target.value)}
      />
    )
  return (
    <>
      <div className="mb-6 grid grid-cols-1 items-end gap-x-4 sm:grid-cols-[minmax(0,1fr)_auto_minmax(0,1fr)]">
        {choice(t.diff.from, from)}
        <Button className="mb-4" onClick={onTurn}>
          <span aria-hidden="true">⇄</span>
          {t.diff.switch}
        </Button>
        {choice(t.diff.to, to)}
        <SelectField
          label={t.diff.database}
          options={databases.map((each) => [each, each] as const)}
          value={database}
          onChange={(event) => setDatabase(event.target.value)}
        />
        <div className="col-span-full flex flex-wrap items-center gap-3">
          <Button
            variant="primary"
            isBusy={comparison.isFetching}
            onClick={() => (isAsked ? void comparison.refetch() : setAsked(true))}
          >
            {comparison.isFetching ? t.common.working : t.diff.compare}
          </Button>
          <span className="text-meta text-dim">{t.diff.wakes}</span>
        </div>
      </div>
      {comparison.error && <ErrorPanel error={comparison.error} onRetry={() => void comparison.refetch()} />}
      {comparison.data && <Compared comparison={comparison.data} from={from} />}
    </>
  )
}

/** Asked only by the button: it wakes both. */
function useComparison(
  sides: { readonly project: string; readonly from: string; readonly to: string; readonly database: string },
  enabled: boolean,
) {
  const { project, from, to, database } = sides
  return useQuery({
    queryKey: ['catalog', 'diff', sides],
    queryFn: ({ signal }) =>
      call(
        'lakelet.compareBranch',
        { params: { project, branch: from }, body: { with: to, database } },
        signal,
      ),
    enabled,
    staleTime: Infinity,
    retry: false,
  })
}

function Compared({ comparison, from }: { readonly comparison: SchemaComparison; readonly from: string }) {
  const { changes, sql, notes, destructive_statements: lossy } = comparison
  if (changes.length === 0 && notes.length === 0) {
    return <p role="status">{t.diff.equal}</p>
  }
  return (
    <>
      <p role="status" className="mb-4 font-semibold">
        {changes.length === 0 ? t.diff.equal : t.diff.summary(changes.length)}
      </p>
      {notes.length > 0 && (
        <div className="mb-6">
          <Notice>
            <p className="font-semibold">{t.diff.notes}</p>
            {notes.map((note) => (
              <p key={note}>
                <ForeignText text={note} />
              </p>
            ))}
          </Notice>
        </div>
      )}
      {changes.length > 0 && (
        <div className="grid grid-cols-1 gap-x-6 lg:grid-cols-2">
          <Section title={t.diff.changes}>
            <SchemaChanges changes={changes} />
          </Section>
          <Section title={t.diff.sql(from)}>
            {lossy > 0 && (
              <div className="mb-3">
                <Notice tone="warning">{t.diff.destructive(lossy)}</Notice>
              </div>
            )}
            <Snippet label="SQL" text={sql} />
          </Section>
        </div>
      )}
    </>
  )
}
