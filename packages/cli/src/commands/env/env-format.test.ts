import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { formatVariables } from './env-format.ts'

const values = { PLAIN: 'a@b.c:1/x', ODD: `it's "$HOME" \\ and \`more\`` }

it('is read back by a shell as it was', () => {
  const script = `${formatVariables(values, 'sh')}printf '%s|%s' "$PLAIN" "$ODD"`
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${values.PLAIN}|${values.ODD}`)
})

it('has the forms of other tools', () => {
  expect(formatVariables({ A: 'x y' }, 'fish')).toBe("set -gx A 'x y'\n")
  expect(formatVariables({ A: 'x "y"' }, 'dotenv')).toBe(`A='x "y"'\n`)
  expect(JSON.parse(formatVariables(values, 'json'))).toEqual(values)
})
