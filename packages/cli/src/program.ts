// Every command there is.
import { appsCreate } from './commands/apps/create.ts'
import { appsCreateUpdate } from './commands/apps/create-update.ts'
import { appsDelete } from './commands/apps/delete.ts'
import { appsDeploy } from './commands/apps/deploy.ts'
import { appsElsewhere } from './commands/apps/elsewhere.ts'
import { appsGetDeployment } from './commands/apps/get-deployment.ts'
import { appsGetUpdate } from './commands/apps/get-update.ts'
import { appsGet } from './commands/apps/get.ts'
import { appsListDeployments } from './commands/apps/list-deployments.ts'
import { appsInit } from './commands/apps/init.ts'
import { appsList } from './commands/apps/list.ts'
import { appsLogs } from './commands/apps/logs.ts'
import { appsRollback } from './commands/apps/rollback.ts'
import { appsRunLocal } from './commands/apps/run-local.ts'
import { appsStart } from './commands/apps/start.ts'
import { appsStop } from './commands/apps/stop.ts'
import { appsThumbnail } from './commands/apps/thumbnail.ts'
import { appsUpdate } from './commands/apps/update.ts'
import { authLogin } from './commands/auth/login.ts'
import { authProfiles } from './commands/auth/profiles.ts'
import { authToken } from './commands/auth/token.ts'
import { completeCommand, completion } from './commands/completion.ts'
import { currentUserMe } from './commands/current-user/me.ts'
import { dev } from './commands/dev.ts'
import { dataApiDisable, dataApiEnable, dataApiShow } from './commands/data-api/data-api.ts'
import { doctor } from './commands/doctor.ts'
import { connectionStringCommand } from './commands/connection-string.ts'
import { env } from './commands/env/env.ts'
import { envPull } from './commands/env/pull.ts'
import { exportCommand } from './commands/export.ts'
import { archiveStatus, archiveSync } from './commands/archive/status.ts'
import { archiveTakeOver, archiveVerify } from './commands/archive/verify.ts'
import { backup } from './commands/backup/backup.ts'
import { restoreCommand } from './commands/backup/restore.ts'
import { branchHistory } from './commands/branch/history.ts'
import { branchCreate } from './commands/branch/create.ts'
import { branchRestore } from './commands/branch/restore.ts'
import { branchExport } from './commands/branch/export.ts'
import { branchImport } from './commands/branch/import.ts'
import { extensionInstall } from './commands/extension/install.ts'
import { extensionList } from './commands/extension/list.ts'
import { grants } from './commands/grants.ts'
import { down } from './commands/local/down.ts'
import { init } from './commands/local/init.ts'
import { link, unlink } from './commands/local/link.ts'
import { logs } from './commands/local/logs.ts'
import { repair } from './commands/local/repair.ts'
import { status } from './commands/local/status.ts'
import { up } from './commands/local/up.ts'
import { helpCommand } from './commands/help.ts'
import { mcpConfig } from './commands/mcp/config.ts'
import { mcp } from './commands/mcp/mcp.ts'
import { open } from './commands/open.ts'
import { branchDiff } from './commands/branch/diff.ts'
import { branchReset } from './commands/branch/reset.ts'
import { operations } from './commands/operations.ts'
import { parking } from './commands/parking.ts'
import { size } from './commands/size.ts'
import { stats } from './commands/stats.ts'
import { appsPermissions, permissions } from './commands/permissions/permissions.ts'
import { postgresCommand } from './commands/postgres/build-command.ts'
import { generateDatabaseCredential } from './commands/postgres/credential.ts'
import { getOperationCommand } from './commands/postgres/get-operation.ts'
import { postgresRows } from './commands/postgres/table.ts'
import { psql } from './commands/psql.ts'
import { snapshotSchedule } from './commands/snapshot/schedule.ts'
import {
  snapshotCreate,
  snapshotDelete,
  snapshotGet,
  snapshotList,
  snapshotRestore,
} from './commands/snapshot/snapshots.ts'
import { sql } from './commands/sql.ts'
import { storageGrow } from './commands/storage/grow.ts'
import { storageInit } from './commands/storage/init.ts'
import { storageRemove } from './commands/storage/remove.ts'
import { storageStatus } from './commands/storage/status.ts'
import { sync } from './commands/sync.ts'
import { version } from './commands/version.ts'
import { workspaceDelete } from './commands/workspace/delete.ts'
import { workspaceExportDir } from './commands/workspace/export-dir.ts'
import { workspaceExport } from './commands/workspace/export.ts'
import { workspaceGetStatus } from './commands/workspace/get-status.ts'
import { workspaceImportDir } from './commands/workspace/import-dir.ts'
import { workspaceImport } from './commands/workspace/import.ts'
import { workspaceList } from './commands/workspace/list.ts'
import { workspaceMkdirs } from './commands/workspace/mkdirs.ts'
import type { Program } from './command/program-definition.ts'
import { VERSION } from './version.ts'

export const program: Program = {
  version: VERSION,
  summary: 'A Lakebase workspace on your own machine.',
  groups: {
    apps: 'Apps: create, deploy, watch',
    auth: 'Signing in',
    branch: 'What Lakelet adds to branches',
    'current-user': 'Who you are',
    extension: 'Postgres extensions: which there are, and bringing more',
    permissions: 'Who may do what with projects, apps, folders and files',
    postgres: 'Postgres projects, branches, endpoints, databases and roles',
    storage: 'The disk of a data directory',
    snapshot: 'Snapshots of root branches: take, list, bring back, by schedule',
    workspace: 'Files of the workspace',
  },
  commands: [
    up,
    down,
    status,
    repair,
    init,
    backup,
    restoreCommand,
    archiveStatus,
    archiveSync,
    archiveVerify,
    archiveTakeOver,
    link,
    unlink,
    dev,
    logs,
    storageInit,
    storageStatus,
    storageGrow,
    storageRemove,
    env,
    envPull,
    connectionStringCommand,
    open,
    authLogin,
    authToken,
    authProfiles,
    currentUserMe,
    ...postgresRows.map(postgresCommand),
    generateDatabaseCredential,
    operations,
    parking,
    size,
    stats,
    branchDiff,
    branchReset,
    getOperationCommand,
    branchHistory,
    branchCreate,
    branchRestore,
    branchExport,
    branchImport,
    snapshotCreate,
    snapshotList,
    snapshotGet,
    snapshotDelete,
    snapshotRestore,
    snapshotSchedule,
    dataApiEnable,
    dataApiShow,
    dataApiDisable,
    extensionList,
    extensionInstall,
    appsInit,
    appsCreate,
    appsRunLocal,
    appsGet,
    appsList,
    appsDeploy,
    appsStart,
    appsStop,
    appsDelete,
    appsLogs,
    appsUpdate,
    appsCreateUpdate,
    appsGetUpdate,
    ...appsPermissions,
    ...appsThumbnail,
    ...appsElsewhere,
    ...permissions,
    appsListDeployments,
    appsGetDeployment,
    appsRollback,
    workspaceList,
    workspaceMkdirs,
    workspaceDelete,
    workspaceGetStatus,
    workspaceExport,
    workspaceImport,
    workspaceExportDir,
    workspaceImportDir,
    sync,
    psql,
    sql,
    mcp,
    mcpConfig,
    grants,
    completion,
    completeCommand(() => program),
    helpCommand(() => program),
    version,
    exportCommand,
    doctor,
  ],
}
