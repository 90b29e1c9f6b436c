import { splitStatements } from '@lakelet/api/sql'
import { describe, expect, it } from 'vitest'
import { dangerous } from './guard.ts'

describe('what is asked about before it runs', () => {
  it.each([
    'drop table notes',
    'TRUNCATE notes',
    'delete from notes',
    '/* all of them */ delete from notes',
    'update notes set content = null',
    'with old as (select 1) delete from notes',
    'alter table notes drop column content',
    "update notes set content = ' where '",
  ])('%s', (text) => {
    expect(dangerous(splitStatements(text))).toHaveLength(1)
  })

  it.each([
    'select 1',
    'delete from notes where id = 1',
    'update notes set content = null where id = 1',
    "insert into notes (content) values ('drop table notes')",
    '-- drop table notes\nselect 1',
    'select * from notes for update',
    'alter table notes add column n int',
    'create rule keep as on delete to notes do instead nothing',
  ])('not: %s', (text) => {
    expect(dangerous(splitStatements(text))).toEqual([])
  })
})
