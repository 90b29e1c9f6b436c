import { describe, expect, it } from 'vitest'
import { tableOf } from './aligned-table.ts'
import { candidates } from './complete.ts'
import { copyCommandOf } from './copy-data.ts'
import { matching } from './name-pattern.ts'

const columns = [
  { name: 'n', isNumber: true },
  { name: 'text', isNumber: false },
]

describe('a table', () => {
  it('is drawn as psql draws it: numbers on the right, lines of a value below each other', () => {
    const rows = [
      ['1', 'ü日本'],
      ['-20', 'two\nlines'],
      [null, '\u001b[31m'],
    ]
    expect(tableOf({ columns, rows }, 'auto', 80)).toBe(
      `  n   |    text    
------+------------
    1 | ü日本
  -20 | two       +
      | lines
 NULL | \\u001b[31m
(3 rows)

`,
    )
  })

  it('shows a record at a time where a row is wider than the terminal', () => {
    const rows = [['1', 'a long text']]
    expect(tableOf({ columns, rows, footers: [] }, 'auto', 12)).toBe(
      '-[ RECORD 1 ]-----\nn    | 1\ntext | a long text\n\n',
    )
    expect(tableOf({ columns, rows, footers: [] }, 'off', 12)).toContain(' n |    text     \n')
  })
})

describe('a pattern of names', () => {
  const of = (pattern: string) => matching(pattern, { schema: 's', name: 'n', isVisible: 'v' })
  it.each([
    ['Notes', "n ~ '^(notes)$' AND v"],
    ['no*s?', "n ~ '^(no.*s.)$' AND v"],
    ['app.notes', "s ~ '^(app)$' AND n ~ '^(notes)$'"],
    ['"App.x".*', "s ~ '^(App\\.x)$' AND n ~ '^(.*)$'"],
    ["o'b", "n ~ '^(o''b)$' AND v"],
  ])('%s', (pattern, sql) => {
    expect(of(pattern)).toBe(sql)
  })
})

describe('\\copy', () => {
  it.each([
    ["notes to 'a b.csv' csv header", 'COPY notes TO STDOUT csv header', 'a b.csv'],
    ['app.notes (id, content) FROM notes.csv;', 'COPY app.notes (id, content) FROM STDIN', 'notes.csv'],
    ["(select ')', (1) from t) to 'it''s'", "COPY (select ')', (1) from t) TO STDOUT", "it's"],
  ])('%s', (text, sql, file) => {
    const found = copyCommandOf(text)
    expect([found.sql, found.place]).toEqual([sql, { file }])
  })

  it('says how it is written', () => {
    expect(() => copyCommandOf('notes')).toThrow(/is written as/)
    expect(() => copyCommandOf("notes to program 'ls'")).toThrow(/no programs/)
  })
})

it('completes commands, names that need quotes, and words in the case that is typed', () => {
  const names = ['notes', '"Notes"', 'it']
  expect(candidates('\\d', ['\\d', '\\dt', '\\q'], names)).toEqual([['\\d', '\\dt'], '\\d'])
  expect(candidates('select * from note', [], names)).toEqual([['notes'], 'note'])
  expect(candidates('SELECT * FROM Not', [], names)[0]).toEqual(['"Notes"', 'not ', 'notify '])
  expect(candidates('SEL', [], names)).toEqual([['SELECT '], 'SEL'])
  expect(candidates('\\d no', [], names)).toEqual([['notes'], 'no'])
})
