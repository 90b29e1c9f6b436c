// What Tab completes: commands of the prompt, words of SQL, and the names of what is in the database.
import type { SqlSession } from '../postgres/sql-session.ts'
import { identifier } from '../postgres/quote.ts'

const WORDS =
  `ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CASCADE CASE COLUMN COMMIT CONSTRAINT COPY CREATE CROSS DEFAULT DELETE DESC DISTINCT DROP ELSE END
EXISTS EXPLAIN EXTENSION FOREIGN FROM FULL FUNCTION GRANT GROUP HAVING ILIKE IN INDEX INNER INSERT INTO IS JOIN KEY LATERAL LEFT LIKE LIMIT LISTEN MATERIALIZED
NOT NOTIFY NULL OFFSET ON OR ORDER OUTER OVER PARTITION PRIMARY REFERENCES RESET RETURNING REVOKE RIGHT ROLE ROLLBACK SCHEMA SELECT SEQUENCE SET SHOW TABLE
THEN TO TRIGGER TRUNCATE UNION UNIQUE UNLISTEN UPDATE USING VACUUM VALUES VIEW WHEN WHERE WITH`.split(/\s+/)

/** Names that the search path finds, and the columns of the tables among them. */
const NAMES = `SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND pg_table_is_visible(c.oid) AND c.relnamespace <> 'pg_catalog'::regnamespace
UNION SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid) AND c.relnamespace <> 'pg_catalog'::regnamespace
UNION SELECT n.nspname FROM pg_namespace n WHERE n.nspname !~ '^pg_' ORDER BY 1 LIMIT 5000`

/** Knows the names of a database, asked once until they may have changed. */
export class Names {
  #known: readonly string[] | undefined

  /** After a statement with this tag: names may be others now. */
  changed(tag: string): void {
    if (/^(CREATE|ALTER|DROP|ROLLBACK|SELECT INTO)/.test(tag)) this.forget()
  }

  forget(): void {
    this.#known = undefined
  }

  /** The names; none where they cannot be asked now. */
  async of(session: SqlSession): Promise<readonly string[]> {
    if (this.#known) return this.#known
    const [rows = []] = await session.query(NAMES)
    this.#known = rows.flatMap(([name]) => (name ? [quotedWhereNeeded(name)] : []))
    return this.#known
  }
}

/** What may stand for the last word of `line`: commands after a backslash, else names and words of SQL, in the case that is typed. */
export function candidates(
  line: string,
  commands: readonly string[],
  names: readonly string[],
): [string[], string] {
  const command = /^\s*(\\\S*)$/.exec(line)?.[1]
  if (command !== undefined) return [commands.filter((each) => each.startsWith(command)), command]
  const word = /[\p{L}\p{N}_$"]*$/u.exec(line)?.[0] ?? ''
  if (word === '') return [[...names], word]
  const isLower = word !== word.toUpperCase()
  const found = names.filter((name) => name.startsWith(word) || name.startsWith(`"${word}`))
  const isArgument = /^\s*\\/.test(line)
  const words = isArgument ? [] : WORDS.filter((each) => each.startsWith(word.toUpperCase()))
  return [[...found, ...words.map((each) => `${isLower ? each.toLowerCase() : each} `)], word]
}

function quotedWhereNeeded(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : identifier(name)
}
