import { splitStatements } from '@lakelet/api/sql'
import { useMemo, useRef, useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { useParam } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { useCompute } from '../computes/use-compute.ts'
import type { Moment } from '../past/moment.ts'
import { useDatabaseNames, useRoleNames } from '../roles/use-names.ts'
import { offsetOf } from './positions.ts'
import { namespaceOf, useCatalog } from './catalog.ts'
import { Editor, type EditorHandle } from './Editor.tsx'
import { explained, statementsAt } from './choose-statements.ts'
import { AskFirst } from './AskFirst.tsx'
import { dangerous } from './guard.ts'
import { keepDraft, readDraft, remember } from './history.ts'
import { Results } from './Results.tsx'
import { SaveQuery } from './SaveQuery.tsx'
import { SqlBar } from './SqlBar.tsx'
import { SqlSide } from './SqlSide.tsx'
import { TravelBanner, TravelSwitch } from './TravelSwitch.tsx'
import { useTravel } from './travel.ts'
import { useRun } from './use-run.ts'

const SAMPLE = `-- Ctrl-Enter runs the statement at the caret.
select current_user, version();
`

/** Words of statements after which there may be other tables or columns. */
const MAY_CHANGE_CATALOG = /\b(create|alter|drop|into|do|call|import|grant|revoke)\b/i

type Statements = ReturnType<typeof splitStatements>

export function SqlPage() {
  const { data: session } = useRead('lakelet.getSession', {})
  // The draft belongs to a person, so the editor waits for the name.
  return session ? <SqlWorkspace user={session.user} /> : null
}

function SqlWorkspace({ user }: { readonly user: string }) {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const place = `${params.project}/${params.branch}`
  const sources = useSources(params, user)
  const { endpoint, travel, target, catalog, schema } = sources
  const [isSaving, setSaving] = useState(false)
  const editor = useRef<EditorHandle>(undefined)
  const runs = useGuardedRuns({ params, user, editor, ...sources })
  const { result, version, failure, cancel, runAt, runAll, explain } = runs
  const isRunning = result?.isRunning ?? false
  const switching = { params, moment: travel.moment, isRunning, onGo: travel.go }
  const keys = { onRun: runAt, onRunAll: runAll, onCancel: cancel, onSave: () => setSaving(true) }
  useMarkedErrors(editor.current, result, version)

  return (
    <div className="flex h-[calc(100dvh-48px)] min-h-0 max-lg:flex-col">
      <h1 className="sr-only">{t.sql.title}</h1>
      <title>{`${t.sql.title} · Lakelet`}</title>
      <SqlSide user={user} relations={catalog.data ?? []} onOpen={(text) => editor.current?.replace(text)} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <TravelBanner {...switching} />
        <div className="min-h-0 flex-[2_1_0]">
          <Editor
            initial={readDraft(user, place) ?? SAMPLE}
            schema={schema}
            handle={editor}
            {...keys}
            onChange={(text) => keepDraft(user, place, text)}
          />
        </div>
        <SqlBar
          {...target.choices}
          endpoint={endpoint}
          isRunning={isRunning}
          isPast={travel.moment !== undefined}
          travel={<TravelSwitch {...switching} />}
          onExplain={explain}
          {...keys}
        />
        <section
          aria-label={t.sql.results}
          className="flex min-h-0 flex-[3_1_0] flex-col overflow-hidden bg-surface"
        >
          <Results result={result} failure={failure} key={failure === undefined ? 'result' : 'failure'} />
        </section>
      </div>
      <SqlDialogs
        {...{ runs, user, branch: params.branch }}
        saving={isSaving ? (editor.current?.text() ?? '') : undefined}
        onSaved={() => setSaving(false)}
      />
    </div>
  )
}

/** What statements run on: the compute, the choices of the bar, the moment, and what is known of the catalog there. */
function useSources(params: { readonly project: string; readonly branch: string }, user: string) {
  const { endpoint, isAwake } = useCompute(params)
  const travel = useTravel()
  const { moment } = travel
  const name = endpoint?.name ?? `projects/${params.project}/branches/${params.branch}/endpoints/primary`
  const target = useTarget(params, user, { endpoint: name, moment })
  // Completing a word opens no moment of the past; the first statement that reads it does.
  const isReadable = moment ? travel.isReached : isAwake
  const catalog = useCatalog({ ...params, database: target.choices.database, moment }, isReadable)
  const schema = useMemo(() => namespaceOf(catalog.data ?? []), [catalog.data])
  const afterRun = (statements: Statements) => {
    travel.reached()
    if (!moment && isAwake && statements.some(({ text }) => MAY_CHANGE_CATALOG.test(text))) {
      void catalog.refetch()
    }
  }
  return { endpoint, travel, target, catalog, schema, afterRun }
}

function SqlDialogs({
  runs: { asked, execute, forget },
  user,
  branch,
  saving,
  onSaved,
}: {
  readonly runs: ReturnType<typeof useGuardedRuns>
  readonly user: string
  readonly branch: string
  /** The text to be saved. */
  readonly saving: string | undefined
  readonly onSaved: () => void
}) {
  return (
    <>
      {asked && (
        <AskFirst
          statements={dangerous(asked)}
          branch={branch}
          onClose={forget}
          onRun={() => void execute(asked)}
        />
      )}
      {saving !== undefined && <SaveQuery user={user} text={saving} onClose={onSaved} />}
    </>
  )
}

/** Runs statements; on a branch that matters, dangerous ones are asked about first: `asked`, then `execute` or `forget`. */
function useGuardedRuns(parts: {
  readonly params: { readonly project: string; readonly branch: string }
  readonly user: string
  readonly editor: { readonly current: EditorHandle | undefined }
  readonly target: ReturnType<typeof useTarget>
  readonly afterRun: (statements: Statements) => void
}) {
  const { params, user, editor, target } = parts
  const [asked, setAsked] = useState<Statements>()
  const { data: branch } = useRead('postgres.getBranch', { params })
  // Not known yet counts as one that matters: a question too many loses nothing.
  const isGuarded = branch === undefined || branch.status.is_protected || branch.status.default
  const { run, ...state } = useRun(target.run)
  const execute = async (statements: Statements) => {
    setAsked(undefined)
    remember(user, statements.map(({ text }) => text).join(';\n'))
    editor.current?.showErrors([])
    await run(statements)
    parts.afterRun(statements)
  }
  const start = async (statements: Statements) => {
    if (statements.length === 0) return
    if (isGuarded && !target.isReadOnly && dangerous(statements).length > 0) setAsked(statements)
    else await execute(statements)
  }
  return {
    ...state,
    asked,
    execute,
    forget: () => setAsked(undefined),
    runAt: () => void start(statementsAt(editor.current)),
    runAll: () => void start(splitStatements(editor.current?.text() ?? '')),
    explain: (analyze: boolean) => void start(explained(statementsAt(editor.current), analyze)),
  }
}

/** Where statements run: the choices of the bar, and what is asked of the API. */
function useTarget(
  params: { readonly project: string; readonly branch: string },
  user: string,
  { endpoint, moment }: { readonly endpoint: string; readonly moment: Moment | undefined },
) {
  const [database, setDatabase] = useState('databricks_postgres')
  const [role, setRole] = useState(user)
  const [isReadOnly, setReadOnly] = useState(false)
  const databases = useDatabaseNames(params, database)
  const roles = useRoleNames(params, role)
  return {
    choices: {
      role,
      roles,
      onRole: setRole,
      databases,
      database,
      onDatabase: setDatabase,
      isReadOnly,
      onReadOnly: setReadOnly,
    },
    // The past cannot be written to, whatever is asked.
    isReadOnly: isReadOnly || moment !== undefined,
    run: {
      endpoint,
      database,
      max_rows: 100_000,
      ...(role === user ? {} : { role }),
      ...(isReadOnly ? { read_only: true } : {}),
      ...moment,
    },
  }
}

/** Marks the place of an error in the text, once its run has ended. */
function useMarkedErrors(
  editor: EditorHandle | undefined,
  result: ReturnType<typeof useRun>['result'],
  version: number,
): void {
  const marked = useRef(0)
  if (!result || result.isRunning || marked.current === version) return
  marked.current = version
  const errors = result.statements.flatMap(({ statement, error }) => {
    if (error?.position === undefined) return []
    const from = statement.start + offsetOf(statement.text, error.position)
    return [{ from, to: from + 1, message: error.message }]
  })
  queueMicrotask(() => editor?.showErrors(errors))
}
