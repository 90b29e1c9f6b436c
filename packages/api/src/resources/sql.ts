// Running SQL: what is sent, and the lines that come back.
import { z } from 'zod'
import { branchLsn } from './branch.ts'
import { timestamp } from './fields.ts'

/** Limits of one run. */
export const SQL_LIMITS = {
  statements: 500,
  rows: 100_000,
  timeoutSeconds: 3600,
} as const

export const sqlRunBody = z.object({
  /** Chosen by the caller; a run of the same id within an hour is refused, so that a repeated request runs nothing twice. */
  run_id: z.uuid(),
  /** Full resource name of an endpoint, with ids or uids. */
  endpoint: z.string(),
  database: z.string().min(1).max(63),
  /** A role to act as (`SET ROLE`); the caller's own where absent. */
  role: z.string().min(1).max(63).optional(),
  /** Transactions of the run are read-only unless a statement says otherwise: against mistakes. */
  read_only: z.boolean().optional(),
  /**
   * All statements run in one read-only transaction that they can neither end nor leave, and that is rolled back; what acts beside a transaction,
   * such as `pg_terminate_backend`, is refused. For SQL that is not trusted.
   */
  contained: z.boolean().optional(),
  /** How the session is named in pg_stat_activity; that of the console where absent. */
  application: z
    .string()
    .regex(/^[ -~]{1,63}$/)
    .optional(),
  /** Read the branch as it was at a moment of its past; one of both. */
  time: timestamp.optional(),
  lsn: branchLsn.optional(),
  /** Each is one command; they run in order on one connection and stop at the first error. */
  statements: z
    .array(z.object({ text: z.string().min(1) }))
    .min(1)
    .max(SQL_LIMITS.statements),
  /** Rows kept of each statement. */
  max_rows: z.int().min(1).max(SQL_LIMITS.rows).optional(),
  /** Longest time of one statement. */
  timeout_seconds: z.int().min(1).max(SQL_LIMITS.timeoutSeconds).optional(),
})

export type SqlRunBody = z.output<typeof sqlRunBody>

export interface SqlColumn {
  readonly name: string
  /** Name of the type; absent for one that is not built in, whose name comes with `done`. */
  readonly type?: string
  readonly type_oid: number
  /** 0 where the column is not one of a table. */
  readonly table_oid: number
  /** Number of the column in its table. */
  readonly column: number
}

/** Fields of a Postgres error or notice (protocol documentation, "Error and Notice Message Fields"). */
export interface SqlNotice {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  /** Counted in characters from 1, in the statement's text. */
  readonly position?: number
  readonly where?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** One line of the reply. `statement` counts from 0; -1 belongs to none. */
export type SqlEvent =
  | { readonly event: 'accepted'; readonly run_id: string }
  | { readonly event: 'started'; readonly backend: number; readonly role: string; readonly database: string }
  | { readonly event: 'columns'; readonly statement: number; readonly columns: readonly SqlColumn[] }
  /** Values as Postgres prints them; null is null. */
  | {
      readonly event: 'rows'
      readonly statement: number
      readonly rows: readonly (readonly (string | null)[])[]
    }
  | { readonly event: 'notice'; readonly statement: number; readonly notice: SqlNotice }
  | {
      readonly event: 'done'
      readonly statement: number
      /** Postgres' command tag, such as `INSERT 0 2`. */
      readonly tag: string
      readonly ms: number
      readonly rows: number
      /** More rows, or longer values, than are kept. */
      readonly truncated: boolean
      /** Names of types that are not built in, by oid. */
      readonly types: Readonly<Record<string, string>>
    }
  | { readonly event: 'error'; readonly statement: number; readonly error: SqlNotice }
  /** `open_transaction`: a transaction was still open and is rolled back. */
  | { readonly event: 'end'; readonly open_transaction: boolean }
