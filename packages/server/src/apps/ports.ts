// What apps need from the rest of the workspace. `main` plugs the real ones in.
import type { AppResource } from '@lakelet/api'
import type { Caller } from '../base/caller.ts'

/** Service principals of apps. */
export interface AppIdentities {
  /** Makes the principal that a new app runs as; one with that client id is it already. */
  create(displayName: string, clientId: string): Promise<{ readonly id: number; readonly name: string }>
  readonly secrets: PrincipalSecrets
  /** Removes the principal, its secrets and its grants; one that is gone already is no error. */
  removeClient(clientId: string): Promise<void>
}

/** OAuth secrets of a service principal, named by its id. */
export interface PrincipalSecrets {
  /** Those that are valid; `createdAt` in milliseconds since 1970. */
  list(principalId: number): Promise<readonly { readonly id: string; readonly createdAt: number }[]>
  create(principalId: number): Promise<{ readonly secret: string }>
  revoke(principalId: number, id: string): Promise<void>
}

/** Who may do what with an app. */
export interface AppGrants {
  /** Makes `caller` the manager of a new app. */
  own(caller: Caller, app: string): Promise<void>
  may(caller: Caller, app: string, level: 'CAN_USE' | 'CAN_MANAGE'): Promise<boolean>
  /** Whether `caller` may give apps a database of the project: the app gets a role there that they would have to make. */
  mayAttach(caller: Caller, project: string): Promise<boolean>
  /** LakeletError when `caller` may not give apps secrets of the scope: the app gets a permission there. */
  requireSecrets(caller: Caller, scope: string): Promise<void>
  /** Forgets every grant on a deleted app. */
  forget(app: string): Promise<void>
}

/** The people and programs that come to an app's address. */
export interface AppVisitors {
  /** Who is signed in by the workspace's session cookie in this `Cookie` header. */
  bySession(cookieHeader: string): Promise<Caller | undefined>
  /** Whose token it is; undefined for a bad one. LakeletError `scope_missing` for one that is good, but not for apps. */
  byToken(token: string): Promise<Caller | undefined>
  /** A token with which an app may act as its visitor, within `scopes`. */
  tokenFor(caller: Caller, scopes: readonly string[]): string
  /** Where a browser signs in, to come back to `next`. */
  signInUrl(next: string): string
  /** Address of the workspace's own pages, without a trailing slash. */
  homeUrl(): string
}

/** What a `postgres` resource resolves to. */
export interface DatabaseBinding {
  readonly host: string
  readonly port: number
  readonly database: string
  /** `projects/…/branches/…/endpoints/…`. */
  readonly endpoint: string
}

export type DatabaseResource = NonNullable<AppResource['postgres']>

/** An app as databases know it. */
export interface AppRole {
  readonly name: string
  readonly clientId: string
}

/** Databases that an app is given as a resource. */
export interface AppDatabases {
  /** What the resource stands for, from what is known: it wakes nothing. LakeletError where the branch or database does not exist. */
  resolve(resource: DatabaseResource): Promise<DatabaseBinding>
  /** The same, after making sure of the app's role with CONNECT and CREATE on the database; wakes the branch's compute. */
  bind(app: AppRole, resource: DatabaseResource): Promise<DatabaseBinding>
  /**
   * Takes the app's role away on the branch of the resource; what it owns goes to the owner of the database. A branch or a role that is
   * gone is no error.
   */
  release(app: AppRole, resource: DatabaseResource): Promise<void>
}

export type SecretResource = NonNullable<AppResource['secret']>

/** Secrets that an app is given as a resource. */
export interface AppSecrets {
  /** The value as text. LakeletError where there is no such scope or key. */
  read(resource: SecretResource): Promise<string>
  /** Gives the app's service principal the permission on the scope, so that it can ask for the secret itself. */
  bind(app: AppRole, resource: SecretResource): Promise<void>
  /** Takes that permission away; a scope that is gone is no error. */
  release(app: AppRole, resource: SecretResource): Promise<void>
}

export type PeerResource = NonNullable<AppResource['app']>

/** Other apps that an app is given as a resource. */
export interface AppPeers {
  /** Gives the app's service principal CAN_USE on the other app. LakeletError `app_not_found`. */
  bind(app: AppRole, resource: PeerResource): Promise<void>
  /** Takes that permission away; an app that is gone is no error. */
  release(app: AppRole, resource: PeerResource): Promise<void>
}

/** What every app is told of its workspace. */
export interface AppWorkspace {
  /** URL of the workspace, with its scheme. */
  readonly host: string
  readonly workspaceId: string
  /** PEM file with the certificate authority that signs for the databases. */
  readonly caFile: string
  /** Port of this machine where its API answers over TLS. */
  readonly tlsPort?: number
  /** Ports of its API and of its databases. */
  readonly ports: () => readonly number[]
}

/** Writes the connector library as an npm package file, for templates that bring it along. */
export type PackConnector = (file: string) => Promise<void>
