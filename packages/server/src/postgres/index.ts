// The face of this room: what other rooms may import.
export { DatabaseError } from 'pg'
export { ADMIN_ROLE, OWN_APPLICATION_PREFIX } from './admin-role.ts'
export {
  type AdminAddress,
  type AdminConnection,
  type AdminOptions,
  connectAdmin,
  identifier,
  isConnectionLost,
  sqlStateOf,
} from './admin.ts'
export { chooseAccount } from './account.ts'
export { adoptCluster } from './adopt-cluster.ts'
export {
  Cluster,
  type ClusterAddress,
  type ClusterExit,
  type ClusterOptions,
  startCluster,
} from './cluster.ts'
export { type MemoryReport, readMemory } from './memory-reports.ts'
export {
  type StandbySizes,
  SEGMENT_BYTES,
  formatLsn,
  parseLsn,
  readControlFile,
  readMajor,
  walSegmentName,
} from './control-file.ts'
export {
  DEFAULT_DATABASE,
  type Database,
  alterDatabase,
  createDatabase,
  dropDatabase,
  findDatabase,
  getDatabase,
  listDatabases,
  openToSuperusers,
  withDatabasesLocked,
} from './databases.ts'
export { type ExtensionControl, availableExtensions, installExtension } from './extensions/index.ts'
export { writeIdentities } from './identities.ts'
export { type PostgresHost, openDirectory, ownerOf } from './host.ts'
export type { PostgresInstallation } from './installation.ts'
export { stopLeftover } from './leftover.ts'
export { processesIn } from './server-processes.ts'
export { isBeyondLog } from './recover-past.ts'
export { ensureOwnerRole } from './owner-role.ts'
export {
  type LoginRole,
  type Role,
  type RoleIdentity,
  findLoginRole,
  findRole,
  getRole,
  listLoginRoles,
  listRoles,
  withRolesLocked,
} from './roles.ts'
export { compareSchemas } from './compare-schemas.ts'
export { processCpuSeconds, processUsage } from './process-usage.ts'
export { BYTES_PER_CU, type ClusterSettings } from './settings.ts'
export { startProblem } from './trial.ts'
export { userSettingProblem } from './user-settings.ts'
export { socketDirectoryFor } from './socket-directory.ts'
export { STANDBY_APPLICATION, standbySettings, standbySizes, writeStandbySignal } from './standby.ts'
export { newRolePassword, setVerifier } from './role-password.ts'
export { type NewRole, type RoleChanges, alterRole, createRole } from './change-role.ts'
export { dropRole } from './drop-role.ts'
export { DEFAULT_MAJOR, OFFERED_MAJORS } from './releases.ts'
export { type PostgresVersion, PostgresVersions, openPostgres } from './versions.ts'
