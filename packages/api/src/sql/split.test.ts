import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finishedStatements, type Inside, splitStatements } from './split.ts'

const texts = (script: string) => splitStatements(script).map(({ text }) => text)

describe('splitStatements', () => {
  it.each<[string, string[]]>([
    ['', []],
    [' ;; \n ; ', []],
    ['select 1', ['select 1']],
    ['select 1; select 2;', ['select 1', 'select 2']],
    ["select ';'; select 'it''s;'", ["select ';'", "select 'it''s;'"]],
    ["select E'\\';'; select 2", ["select E'\\';'", 'select 2']],
    ["select '\\'; select 2", ["select '\\'", 'select 2']],
    ['select ";" ; select 2', ['select ";"', 'select 2']],
    ['select $$;$$; select $a$ $$ ; $b$ $a$', ['select $$;$$', 'select $a$ $$ ; $b$ $a$']],
    ['select a$b$ from t; select 2', ['select a$b$ from t', 'select 2']],
    ['select $1; select 2', ['select $1', 'select 2']],
    ['-- only a comment;\n', []],
    ['-- first;\nselect 1 -- in; side\n; select 2', ['select 1', 'select 2']],
    ['/* a /* nested; */ b; */ select 1', ['select 1']],
    ['select 1 /* unfinished;', ['select 1']],
    ["select 'unfinished; select 2", ["select 'unfinished; select 2"]],
    [
      'create rule r as on insert to t do also (select 1; select 2); select 3',
      ['create rule r as on insert to t do also (select 1; select 2)', 'select 3'],
    ],
    [
      'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3',
      [
        'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end',
        'select 3',
      ],
    ],
    ['begin; select 1; end; commit', ['begin', 'select 1', 'end', 'commit']],
    ['select 1 as 名前; select 2', ['select 1 as 名前', 'select 2']],
  ])('of %j', (script, statements) => {
    expect(texts(script)).toEqual(statements)
  })

  it('says where each statement lies', () => {
    const script = ' -- one\nselect 1 ;\n\tselect 2\n'
    expect(splitStatements(script)).toEqual([
      { text: 'select 1', start: 8, end: 16 },
      { text: 'select 2', start: 20, end: 28 },
    ])
  })

  it('ends, and loses nothing but semicolons, blanks and comments, whatever the script', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '$',
      '$$',
      '$a$',
      ';',
      '--',
      '/*',
      '*/',
      '\n',
      ' ',
      'a',
      "e'",
      '\\',
      '(',
      ')',
      '1',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const script = pieces.join('')
        let last = 0
        for (const { text, start, end } of splitStatements(script)) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(script.slice(start, end)).toBe(text)
          expect(text).toBe(text.trimStart())
          last = end
        }
      }),
    )
  })
})

describe('finishedStatements', () => {
  it.each<[string, string[], Inside]>([
    ['', [], '='],
    ['select 1;', ['select 1'], '='],
    ['select 1; -- done', ['select 1'], '='],
    ['select 1', [], '-'],
    ['select 1; select\n', ['select 1'], '-'],
    ["select 'it", [], "'"],
    ["select 'it''", [], "'"],
    ["select 'it''s'", [], '-'],
    ["select E'\\'", [], "'"],
    ['select "a;', [], '"'],
    ['select $a$ ; $b$', [], '$'],
    ['select 1 /* a; /* b */', [], '*'],
    ['/* alone', [], '*'],
    ['insert into t values (1,\n', [], '('],
    [';;', [], '='],
    ['create function f() returns int begin atomic select 1;', [], '-'],
  ])('of %j', (script, statements, inside) => {
    const found = finishedStatements(script)
    expect(found.statements.map(({ text }) => text)).toEqual(statements)
    expect(found.inside).toBe(inside)
  })

  it('leaves what has not ended', () => {
    expect(finishedStatements('select 1; select 2; select 3').rest).toBe(' select 3')
  })
})
