import { expect, test } from 'vitest'
import { parsePasswd } from './account.ts'

test('accounts are read from a passwd file, broken lines are left out', () => {
  const text = 'root:x:0:0:root:/root:/bin/sh\n# comment\nbroken\npostgres:x:101:104:::\n\nnobody:*:x:y\n'
  expect(parsePasswd(text)).toEqual([
    { name: 'root', uid: 0, gid: 0 },
    { name: 'postgres', uid: 101, gid: 104 },
  ])
})
