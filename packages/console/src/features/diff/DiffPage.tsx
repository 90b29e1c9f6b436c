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
import type { Moment } from '../past/moment.ts'
import { NowOrThen, type NowOrThenChoice, useNowOrThen } from '../past/NowOrThen.tsx'
import { Notice, Page, Section, Skeleton } from '../../ui/page.tsx'
import { useDatabaseNames } from '../roles/use-names.ts'
import { SchemaChanges } from './SchemaChanges.tsx'

export function DiffPage() {
  const project = useParam('project')
  const here = useParam('branch')
  const [asked, setAsked] = useSearchValue('with')
  // Whether the branch of the address is the one that the other is to become like.
  const [side, setSide] = useSearchValue('side')
  const { data, error, refetch } = useRead('postgres.listBranches', { params: { project } })
  const all = data?.branches ?? []
  const others = all.filter(({ branch_id: id }) => id !== here)
  const source = all.find(({ branch_id: id }) => id === here)?.status.source_branch
  const parent = others.find(({ name }) => name === source)
  // Of one branch, two moments can be compared.
  const other = all.find(({ branch_id: id }) => id === asked) ?? parent ?? others[0] ?? all[0]
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
          others={all.map(({ branch_id: id }) => id)}
          isTurned={side === 'to'}
          onOther={setAsked}
          onTurn={() => setSide(side === 'to' ? undefined : 'to')}
        />
      ) : null}
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
  const mine = useNowOrThen({ project, branch: here })
  const theirs = useNowOrThen({ project, branch: other })
  const sides: readonly [Side, Side] = [
    { branch: here, choice: mine },
    { branch: other, choice: theirs, others },
  ]
  const [from, to] = isTurned ? [sides[1], sides[0]] : sides
  const asked = { project, from: sideOf(from), to: sideOf(to), database }
  const comparison = useComparison(asked)
  const refusal = refusalOf(from, to)
  return (
    <>
      <div className="mb-6 grid grid-cols-1 items-start gap-x-4 sm:grid-cols-[minmax(0,1fr)_auto_minmax(0,1fr)]">
        <SideFields label={t.diff.from} side={from} onOther={onOther} />
        <Button className="mb-4 sm:mt-6" onClick={onTurn}>
          <span aria-hidden="true">⇄</span>
          {t.diff.switch}
        </Button>
        <SideFields label={t.diff.to} side={to} onOther={onOther} />
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
            disabledReason={refusal}
            onClick={() => void comparison.refetch()}
          >
            {comparison.isFetching ? t.common.working : t.diff.compare}
          </Button>
          <span className="text-meta text-dim">{t.diff.wakes}</span>
        </div>
      </div>
      {comparison.error && <ErrorPanel error={comparison.error} onRetry={() => void comparison.refetch()} />}
      {comparison.data && !refusal && <Difference comparison={comparison.data} from={from.branch} />}
    </>
  )
}

/** One of the two that are compared. */
interface Side {
  readonly branch: string
  readonly choice: NowOrThenChoice
  /** To choose from; absent for the branch of the page. */
  readonly others?: readonly string[]
}

function SideFields({
  label,
  side: { branch, choice, others },
  onOther,
}: {
  readonly label: string
  readonly side: Side
  readonly onOther: (branch: string) => void
}) {
  return (
    <div className="min-w-0">
      <SelectField
        label={label}
        options={(others ?? [branch]).map((each) => [each, each] as const)}
        value={branch}
        disabled={others === undefined}
        onChange={(event) => onOther(event.target.value)}
      />
      <NowOrThen label={`${t.past.data}: ${branch}`} choice={choice} />
    </div>
  )
}

function sideOf({ branch, choice: { moment } }: Side) {
  return { branch, moment }
}

/** Why these two cannot be compared. */
function refusalOf(from: Side, to: Side): string | undefined {
  if (!from.choice.isKnown || !to.choice.isKnown) return t.past.chooseFirst
  const isSame = from.branch === to.branch && !from.choice.moment && !to.choice.moment
  return isSame ? t.diff.same : undefined
}

interface Compared {
  readonly branch: string
  readonly moment: Moment | undefined
}

/** Asked only by the button: it wakes both. */
function useComparison(sides: {
  readonly project: string
  readonly from: Compared
  readonly to: Compared
  readonly database: string
}) {
  const { project, from, to, database } = sides
  const other =
    to.moment && ('time' in to.moment ? { with_time: to.moment.time } : { with_lsn: to.moment.lsn })
  const input = {
    params: { project, branch: from.branch },
    body: { with: to.branch, database, ...from.moment, ...other },
  }
  return useQuery({
    queryKey: ['catalog', 'diff', input],
    queryFn: ({ signal }) => call('lakelet.compareBranch', input, signal),
    enabled: false,
    staleTime: Infinity,
    retry: false,
  })
}

function Difference({ comparison, from }: { readonly comparison: SchemaComparison; readonly from: string }) {
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
