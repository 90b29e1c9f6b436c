// An example of each command of the table, by its verb.
import type { Example } from '../../command/define-command.ts'

const PROJECT = 'projects/my-app-db'
const BRANCH = `${PROJECT}/branches/production`
const SNAPSHOT = `${PROJECT}/snapshots/before-migration`
const DEV = `${PROJECT}/branches/dev`
const ENDPOINT = `${BRANCH}/endpoints/primary`

const EXAMPLES: Readonly<Record<string, readonly (readonly [words: string, does: string])[]>> = {
  'create-project': [
    ['my-app-db', 'creates a project with its branch production'],
    [`my-app-db --json '{"spec": {"display_name": "My app"}}'`, 'gives it a name for people'],
  ],
  'get-project': [[PROJECT, 'shows a project']],
  'list-projects': [
    ['-o json', 'lists all projects'],
    ['--field 0.name', 'prints the name of the first one'],
  ],
  'update-project': [
    [
      `${PROJECT} spec.display_name --json '{"spec": {"display_name": "My app"}}'`,
      'changes its name for people',
    ],
  ],
  'delete-project': [
    [PROJECT, 'deletes it; undelete-project brings it back for a while'],
    [`${PROJECT} --purge`, 'deletes it for good'],
  ],
  'undelete-project': [[PROJECT, 'brings it back']],
  'create-branch': [
    [`${PROJECT} dev --json '{"spec": {"no_expiry": true}}'`, 'creates a branch of the default branch'],
    [
      `${PROJECT} test-1 --json '{"spec": {"ttl": "3600s"}}'`,
      'creates one that goes by itself after an hour',
    ],
  ],
  'get-branch': [[BRANCH, 'shows a branch']],
  'list-branches': [
    [PROJECT, 'lists the branches of a project'],
    ['', 'lists the branches of all projects'],
  ],
  'update-branch': [
    [
      `${BRANCH} spec.is_protected --json '{"spec": {"is_protected": true}}'`,
      'protects it from being deleted',
    ],
  ],
  'delete-branch': [[DEV, 'deletes a branch with its endpoints']],
  'undelete-branch': [[DEV, 'brings it back']],
  'create-snapshot': [
    [
      `${PROJECT} before-migration --json '{"spec": {"source_branch": "${BRANCH}", "no_expiry": true}}'`,
      'takes a snapshot that is kept until it is deleted',
    ],
  ],
  'get-snapshot': [[SNAPSHOT, 'shows a snapshot']],
  'list-snapshots': [[PROJECT, 'lists the snapshots of a project']],
  'delete-snapshot': [[SNAPSHOT, 'deletes a snapshot; branches made from it stay']],
  'get-snapshot-schedule': [
    [`${BRANCH}/snapshot-schedule`, 'shows when snapshots of a branch are taken by themselves'],
  ],
  'update-snapshot-schedule': [
    [
      `${BRANCH}/snapshot-schedule schedule --json '{"schedule": [{"daily_schedule": {"hour": 3}, "retention": "604800s"}]}'`,
      'takes one each day at 03:00 UTC and keeps it for a week',
    ],
  ],
  'create-endpoint': [
    [
      `${BRANCH} readers --json '{"spec": {"endpoint_type": "ENDPOINT_TYPE_READ_ONLY"}}'`,
      'creates an endpoint that only reads',
    ],
  ],
  'get-endpoint': [
    [ENDPOINT, 'shows an endpoint'],
    [`${ENDPOINT} --field status.hosts.host`, 'prints the host that apps connect to'],
  ],
  'list-endpoints': [
    [BRANCH, 'lists the endpoints of a branch'],
    ['', 'lists the endpoints of all branches'],
  ],
  'update-endpoint': [
    [
      `${ENDPOINT} spec.suspend_timeout_duration --json '{"spec": {"suspend_timeout_duration": "600s"}}'`,
      'lets it sleep after ten idle minutes',
    ],
  ],
  'delete-endpoint': [[`${BRANCH}/endpoints/readers`, 'deletes an endpoint that only reads']],
  'create-database': [
    [`${BRANCH} --json '{"spec": {"postgres_database": "shop"}}'`, 'creates the database shop'],
  ],
  'get-database': [[`${BRANCH}/databases/databricks-postgres`, 'shows a database']],
  'list-databases': [
    [BRANCH, 'lists the databases of a branch'],
    ['', 'lists the databases of all branches'],
  ],
  'update-database': [
    [
      `${BRANCH}/databases/shop spec.postgres_database --json '{"spec": {"postgres_database": "store"}}'`,
      'renames it',
    ],
  ],
  'delete-database': [[`${BRANCH}/databases/shop`, 'drops the database']],
  'create-role': [
    [
      `${BRANCH} --json '{"spec": {"postgres_role": "me@example.com", "identity_type": "USER"}}'`,
      'lets a user of the workspace sign in to the branch',
    ],
  ],
  'get-role': [[`${BRANCH}/roles/my-role`, 'shows a role']],
  'list-roles': [
    [BRANCH, 'lists the roles of a branch'],
    ['', 'lists the roles of all branches'],
  ],
  'update-role': [
    [
      `${BRANCH}/roles/my-role spec.attributes.createdb --json '{"spec": {"attributes": {"createdb": true}}}'`,
      'lets it create databases',
    ],
  ],
  'delete-role': [
    [
      `${BRANCH}/roles/my-role --reassign-owned-to ${BRANCH}/roles/other-role`,
      'drops it and gives what it owned to another one',
    ],
  ],
}

/** Examples of `lakelet postgres <verb>`; none for what a Lakelet workspace refuses. */
export function examplesOf(verb: string): readonly Example[] {
  return (EXAMPLES[verb] ?? []).map(([words, does]) => ({
    run: `lakelet postgres ${verb} ${words}`.trimEnd(),
    does,
  }))
}
