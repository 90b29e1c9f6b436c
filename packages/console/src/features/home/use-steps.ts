// Which steps of the tutorial are done, by facts.
import type { App, Overview } from '@lakelet/api'
import { useQuery } from '@tanstack/react-query'
import { call } from '../../api/call.ts'
import { paths } from '../../paths.ts'
import { runOnce } from '../sql/run-once.ts'
import { markedSteps } from './progress.ts'

export interface Step {
  readonly id: string
  readonly isDone: boolean
  readonly isByHand: boolean
  readonly to: string
  readonly search?: Record<string, string>
}

const DONE_SQL = `select to_regclass('public.notes') is not null as notes,
  exists (select from pg_catalog.pg_roles where rolname = '$CLIENT') as role`
const FACTS_STALE_MS = 15_000

/** The steps in their order. `version` changes when one was ticked by hand. */
export function useSteps(overview: Overview | undefined, version: number): readonly Step[] {
  const app = overview?.apps.find(({ name }) => name === 'my-lakebase-app') ?? overview?.apps[0]
  const project =
    overview?.projects.find((each) => each.project.project_id === 'my-app-db') ?? overview?.projects[0]
  const branch = project?.branches.find((each) => each.branch.status.default)
  const endpoint = branch?.endpoints[0]
  const inDatabase = useDatabaseFacts(
    project?.project.project_id,
    endpoint?.status.current_state === 'ACTIVE',
    app,
  )
  const hasYaml = useAppYaml(app)
  const id = project?.project.project_id ?? 'my-app-db'
  const sql = paths.branch(id, branch?.branch.branch_id ?? 'production', '/sql')
  const appPath = app ? paths.app(app.name) : paths.newApp
  const facts: readonly (readonly [
    id: string,
    isDone: boolean,
    to: string,
    search?: Record<string, string>,
  ])[] = [
    ['app', app !== undefined, paths.newApp],
    ['environment', false, app ? paths.app(app.name, '/environment') : paths.newApp],
    ['project', project !== undefined, paths.projects, { new: 'project' }],
    [
      'active',
      endpoint?.status.last_active_time !== undefined || endpoint?.status.current_state === 'ACTIVE',
      paths.project(id),
    ],
    ['role', inDatabase.role, sql],
    ['notes', inDatabase.notes, sql],
    ['yaml', hasYaml, paths.project(id), { connect: '1' }],
    ['local', false, appPath],
    ['deployed', app?.active_deployment?.status.state === 'SUCCEEDED', appPath],
    ['opened', false, appPath],
  ]
  return stepsOf(facts, version)
}

function stepsOf(
  facts: readonly (readonly [id: string, isDone: boolean, to: string, search?: Record<string, string>])[],
  _version: number,
): readonly Step[] {
  const marked = markedSteps()
  return facts.map(([id, isFact, to, search]) => ({
    id,
    isDone: isFact || marked.has(id),
    isByHand: !isFact && marked.has(id) && id !== 'environment' && id !== 'opened',
    to,
    ...(search ? { search } : {}),
  }))
}

/** Asked only while the compute is awake, and seldom. */
function useDatabaseFacts(project: string | undefined, isAwake: boolean, app: App | undefined) {
  const client = (app?.service_principal_client_id ?? '').replaceAll("'", "''")
  const { data } = useQuery({
    queryKey: ['tutorial', project, client],
    queryFn: ({ signal }) =>
      runOnce(
        {
          project: project ?? '',
          branch: 'production',
          statements: [DONE_SQL.replace('$CLIENT', client)],
          isReadOnly: true,
        },
        signal,
      ),
    enabled: project !== undefined && isAwake,
    staleTime: FACTS_STALE_MS,
    retry: false,
  })
  const [row] = data?.rows ?? []
  return { notes: row?.['notes'] === 't', role: row?.['role'] === 't' && client !== '' }
}

/** Whether the app's app.yaml names an endpoint. */
function useAppYaml(app: App | undefined): boolean {
  const folder = app?.active_deployment?.source_code_path ?? app?.default_source_code_path
  const { data } = useQuery({
    queryKey: ['app.yaml', folder],
    queryFn: async ({ signal }) => {
      const path = `${folder}/app.yaml`.slice(1)
      const bytes = await call('workspaceFiles.readFile', { params: { '*': path } }, signal)
      return new TextDecoder().decode(bytes).includes('ENDPOINT_NAME')
    },
    enabled: folder !== undefined,
    staleTime: FACTS_STALE_MS,
    retry: false,
  })
  return data ?? false
}
