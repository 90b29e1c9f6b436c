export { systemClock } from './clock.ts'
export type { Clock, SleepOptions } from './clock.ts'
export { createConnector } from './connector.ts'
export type { Connector, ConnectorEvents, ConnectorStats, DriverOptions } from './connector-types.ts'
export type {
  ConnectorAuth,
  CredentialProvider,
  CredentialReason,
  WorkspaceClientLike,
} from './credentials/credential-source.ts'
export type { Credential } from './credentials/token-cache.ts'
export type { ConnectFailure } from './dial/connect-failure.ts'
export type { TlsOptions } from './dial/tls.ts'
export { LakebaseError } from './errors.ts'
export type { Attempt, LakebaseErrorCode } from './errors.ts'
export type { ListenOptions, LocalProxy } from './proxy/local-proxy.ts'
export type { ConnectorOptions } from './settings.ts'
export type { CredentialClaim } from './workspace/workspace.ts'
export type { WorkspaceAuth } from './workspace/workspace-settings.ts'
