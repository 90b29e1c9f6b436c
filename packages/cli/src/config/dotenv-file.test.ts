import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { dotenvLine, withVariables } from './dotenv-file.ts'

describe('dotenvLine', () => {
  it.each([
    'plain-1@x',
    '',
    'two words',
    `it's`,
    'say "hi"',
    `it's "both"`,
    '#no comment',
    'a\nb',
    'C:\\x y',
    '$HOME',
  ])('writes %j so that it is read back as it was', (value) => {
    expect(parseEnv(`${dotenvLine('A', value)}\nB=1\n`)).toEqual({ A: value, B: '1' })
  })

  it('refuses what no quotes can hold, without repeating it', () => {
    expect(() => dotenvLine('A', `s3cret'"\``)).toThrow(/no way to quote the value of A/)
    expect(() => dotenvLine('A', `s3cret'"\``)).not.toThrow(/s3cret/)
  })
})

describe('withVariables', () => {
  const values = { PGHOST: '127.0.0.1', PGUSER: 'a b@c' }

  it('fills an empty file, and changes nothing the second time', () => {
    const once = withVariables('', values)
    expect(once).toBe(
      `# Written by 'lakelet env pull'; other lines are yours\nPGHOST=127.0.0.1\nPGUSER='a b@c'\n`,
    )
    expect(withVariables(once, values)).toBe(once)
  })

  it.each([
    ['no line end', 'FOO=1', 'FOO=1\n\n#'],
    ['a comment that looks like one', '# PGHOST=old\n', '# PGHOST=old\n\n#'],
    ['another name', 'MY_PGHOST=x\nPGHOST2=y\n', 'MY_PGHOST=x\nPGHOST2=y\n\n#'],
    ['a value over lines', 'KEY="a\nPGHOST=inside\nb"\n', 'KEY="a\nPGHOST=inside\nb"\n\n#'],
    ['quotes that do not end', `KEY='open\n`, `KEY='open\n\n#`],
    ['a byte order mark', '\uFEFFFOO=1\n', '\uFEFFFOO=1\n\n#'],
  ])('keeps %s', (_, before, beginning) => {
    const after = withVariables(before, values)
    expect(after.startsWith(beginning)).toBe(true)
    expect(withVariables(after, values)).toBe(after)
    expect(parseEnv(after)).toMatchObject(values)
  })

  it('replaces in place, with export, spaces and what follows, also where it is set twice', () => {
    const before = [
      `export PGHOST = "old"   # where`,
      'FOO=bar # mine',
      `PGUSER='x\ny'`,
      'PGHOST=later#n',
      'END=1',
    ].join('\n')
    expect(withVariables(before, { ...values, PGPORT: '5432' })).toBe(
      [
        `export PGHOST = 127.0.0.1   # where`,
        'FOO=bar # mine',
        `PGUSER='a b@c'`,
        'PGHOST=127.0.0.1#n',
        'PGPORT=5432',
        'END=1',
      ].join('\n'),
    )
  })

  it('keeps the line ends of Windows', () => {
    const after = withVariables('A=1\r\nPGHOST=old\r\n', values)
    expect(after).toBe(`A=1\r\nPGHOST=127.0.0.1\r\nPGUSER='a b@c'\r\n`)
    expect(withVariables(after, values)).toBe(after)
  })

  it('leaves out what is gone', () => {
    const isGone = (name: string, value: string) => name === 'PGPASSWORD' && value.startsWith('eyJ')
    expect(withVariables('PGPASSWORD=eyJ\nA=1\n', { A: '1' }, isGone)).toBe('A=1\n')
    expect(withVariables('PGPASSWORD=own\nA=1\n', { A: '1' }, isGone)).toBe('PGPASSWORD=own\nA=1\n')
  })
})
