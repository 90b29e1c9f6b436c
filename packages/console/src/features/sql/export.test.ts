import { describe, expect, it } from 'vitest'
import { toCsv, toJson } from './export.ts'

const columns = [
  { name: 'id', type: 'int8', type_oid: 20, table_oid: 0, column: 0 },
  { name: 'a "b"', type: 'text', type_oid: 25, table_oid: 0, column: 0 },
]

describe('toCsv', () => {
  it('quotes what needs it and tells null from empty', () => {
    const rows = [
      ['1', 'x,y'],
      ['2', null],
      ['3', ''],
      ['4', 'line\nbreak "q"'],
    ]
    expect(toCsv({ columns, rows })).toBe(
      'id,"a ""b"""\r\n1,"x,y"\r\n2,\r\n3,""\r\n4,"line\nbreak ""q"""\r\n',
    )
  })
})

describe('toJson', () => {
  it('keeps the digits of numbers and quotes what is no JSON number', () => {
    const rows = [
      ['9223372036854775807', '1'],
      ['NaN', null],
    ]
    const text = toJson({ columns, rows })
    expect(text).toContain('"id": 9223372036854775807, "a \\"b\\"": "1"')
    expect(text).toContain('"id": "NaN", "a \\"b\\"": null')
  })
})
