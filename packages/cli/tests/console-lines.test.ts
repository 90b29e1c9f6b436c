// The command lines that the console shows are commands that this program understands.
import { describe, expect, it } from 'vitest'
import { cliLine } from '../../console/src/shell/cli-line.ts'
import { parseCommandLine } from '../src/command/parser.ts'
import { program } from '../src/program.ts'

const branch = { project: 'p', branch: 'b' }
const CALLS: readonly (readonly [id: string, input: object])[] = [
  ...['apps.get', 'apps.delete', 'apps.start', 'apps.stop', 'apps.listDeployments', 'apps.getLogs'].map(
    (id) => [id, { params: { name: 'a' } }] as const,
  ),
  ['apps.list', {}],
  ['apps.create', { query: { template: 'notes-node' }, body: { name: 'a' } }],
  ['apps.deploy', { params: { name: 'a' }, body: { source_code_path: '/Workspace/Users/me@x/a b' } }],
  ['credentials.generate', { body: { endpoint: 'projects/p/branches/b/endpoints/primary' } }],
  ['lakelet.getBranchHistory', { params: branch }],
  [
    'lakelet.restoreBranch',
    { params: branch, body: { time: '2026-01-31T12:00:00.123456Z', branch_id: 'was', ttl: '3600s' } },
  ],
  ['lakelet.restoreBranch', { params: branch, body: { lsn: '0/1A2B3C', in_place: true } }],
  ['lakelet.resetBranch', { params: branch }],
  ['lakelet.compareBranch', { params: branch, body: { with: 'dev', database: 'a b' } }],
  [
    'lakelet.compareBranch',
    { params: branch, body: { with: 'b', time: '2026-01-31T12:00:00.5Z', with_lsn: '0/1A2B3C' } },
  ],
  ['lakelet.listOperations', { query: { project: 'p' } }],
  ['apps.update', { params: { name: 'a' }, body: { resources: [] } }],
  ['permissions.get', { params: { object_type: 'apps', object_id: 'a' } }],
  ...['permissions.set', 'permissions.update'].map(
    (id) =>
      [
        id,
        { params: { object_type: 'database-projects', object_id: 'p' }, body: { access_control_list: [] } },
      ] as const,
  ),
  ['scim.me', {}],
  ['workspace.list', { query: { path: "/Workspace/Users/it's me" } }],
  ['workspace.mkdirs', { body: { path: '/Workspace/x' } }],
  ['workspace.delete', { body: { path: '/Workspace/x' } }],
  ['postgres.listProjects', {}],
  ['postgres.createProject', { query: { project_id: 'p' }, body: { spec: {} } }],
  ['postgres.getProject', { params: { project: 'p' } }],
  [
    'postgres.updateProject',
    { params: { project: 'p' }, query: { update_mask: 'spec' }, body: { spec: {} } },
  ],
  ['postgres.deleteProject', { params: { project: 'p' } }],
  ['postgres.listBranches', { params: { project: 'p' } }],
  ['postgres.createBranch', { params: { project: 'p' }, query: { branch_id: 'b' }, body: { spec: {} } }],
  ['postgres.deleteBranch', { params: branch }],
  ['postgres.undeleteBranch', { params: branch }],
  ['postgres.listEndpoints', { params: branch }],
  [
    'postgres.updateEndpoint',
    {
      params: { ...branch, endpoint: 'primary' },
      query: { update_mask: 'spec.disabled' },
      body: { spec: {} },
    },
  ],
  ['postgres.listRoles', { params: branch }],
  [
    'postgres.createRole',
    { params: branch, query: { role_id: 'r' }, body: { spec: { postgres_role: "o'r" } } },
  ],
  [
    'postgres.updateRole',
    {
      params: { ...branch, role: 'r' },
      query: { update_mask: 'spec.membership_roles' },
      body: { spec: {} },
    },
  ],
  ['postgres.deleteRole', { params: { ...branch, role: 'r' }, query: { reassign_owned_to: 'o' } }],
  ['postgres.listSnapshots', { params: { project: 'p' } }],
  ['postgres.createSnapshot', { params: { project: 'p' }, query: { snapshot_id: 's' }, body: { spec: {} } }],
  ['postgres.deleteSnapshot', { params: { project: 'p', snapshot: 's' } }],
  ['postgres.getSnapshotSchedule', { params: branch }],
  [
    'postgres.updateSnapshotSchedule',
    { params: branch, query: { update_mask: 'schedule' }, body: { schedule: [] } },
  ],
  ['lakelet.restoreBranch', { params: branch, body: { snapshot: 's' } }],
  ['postgres.listDatabases', { params: branch }],
  ['postgres.createDatabase', { params: branch, query: {}, body: { spec: {} } }],
]

describe('a command line of the console', () => {
  it.each(CALLS)('%s', async (id, input) => {
    const [name, ...words] = wordsOf(cliLine(id, input) ?? '')
    expect(name).toBe('lakelet')
    const parsed = await parseCommandLine(program, words)
    expect('command' in parsed && words.join(' ').startsWith(parsed.command.path.join(' '))).toBe(true)
  })
})

/** The words of a line as a shell reads them: bare, or in single quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|\\'|[^\s'])+/g)].map(([word]) =>
    word.replaceAll(
      /'([^']*)'|\\(')/g,
      (_, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? '',
    ),
  )
}
