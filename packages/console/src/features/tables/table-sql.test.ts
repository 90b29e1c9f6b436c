import { describe, expect, it } from 'vitest'
import { deleteSql, insertSql, literal, pageSql, type TableShape, updateSql } from './table-sql.ts'

const notes: TableShape = {
  schema: 'public',
  name: 'no"tes',
  kind: 'table',
  columns: [
    { name: 'id', type: 'integer', isKey: true },
    { name: 'content', type: 'text', isKey: false },
  ],
}

describe('table SQL', () => {
  it('quotes names and values', () => {
    expect(literal("it's")).toBe("'it''s'")
    expect(literal('a\\b')).toBe("E'a\\\\b'")
    expect(literal(null)).toBe('NULL')
    expect(deleteSql(notes, { id: "1'; drop table x; --" })).toBe(
      `DELETE FROM "public"."no""tes"\nWHERE "id" = '1''; drop table x; --'`,
    )
  })

  it('pages by key, after the last row', () => {
    expect(pageSql(notes, { after: { id: '10' }, condition: "content <> ''", limit: 100 })).toBe(
      `SELECT * FROM "public"."no""tes"\nWHERE (content <> ''\n)\n  AND ("id") > ('10')\nORDER BY "id"\nLIMIT 100`,
    )
  })

  it('checks the old values of what it changes', () => {
    expect(updateSql(notes, { id: '1', content: 'old' }, { content: null })).toBe(
      `UPDATE "public"."no""tes"\nSET "content" = NULL\nWHERE "id" = '1' AND "content"::text IS NOT DISTINCT FROM 'old'`,
    )
  })

  it('inserts what was given', () => {
    expect(insertSql(notes, {})).toBe('INSERT INTO "public"."no""tes" DEFAULT VALUES')
    expect(insertSql(notes, { content: 'x' })).toBe(
      `INSERT INTO "public"."no""tes" ("content")\nVALUES ('x')`,
    )
  })
})
