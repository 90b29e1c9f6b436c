// What the Data API needs from the rest of the workspace.

export interface DataApiSettings {
  readonly schemas: readonly string[]
  readonly extraSearchPath: readonly string[]
  readonly maxRows: number | undefined
  readonly allowsAggregates: boolean
  readonly showsOpenApi: boolean
  /** Empty: every origin. */
  readonly allowedOrigins: readonly string[]
  readonly showsTiming: boolean
  /** A function that is called before each request, `schema.name`. */
  readonly preRequest: string | undefined
}

/** A database whose Data API is enabled. */
export interface ServedDatabase {
  readonly endpointUid: string
  readonly name: string
  readonly settings: DataApiSettings
  /** Another one when the settings change. */
  readonly version: string
}

/** Who calls, by a token of the workspace. */
export interface DataApiCaller {
  /** The Postgres role. */
  readonly role: string
  readonly claims: Readonly<Record<string, unknown>>
}

export interface DataApiDirectory {
  /** The database behind a URL; undefined where there is none or its Data API is off. */
  find(endpointUid: string, database: string): Promise<ServedDatabase | undefined>
  /** Who a bearer token is; undefined for a bad one. */
  callerOf(token: string): DataApiCaller | undefined
}

/** How the Data API itself logs in at the gateway. */
export interface DataApiLogin {
  readonly role: string
  gateway(): { readonly host: string; readonly port: number; readonly ca: string; readonly password: string }
}
