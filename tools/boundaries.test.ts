import { describe, expect, it } from 'vitest'
import { violationsIn } from './boundaries.ts'

describe('boundaries', () => {
  it('allows what the table allows', () => {
    expect(
      violationsIn(
        'packages/server/src/gateway/session.ts',
        "import { encode } from '@lakelet/wire'\nimport { x } from '../base/errors.ts'",
      ),
    ).toEqual([])
  })

  it('refuses a room that is not in the row', () => {
    const found = violationsIn(
      'packages/server/src/gateway/session.ts',
      "import { x } from '../control/services/projects.ts'",
    )
    expect(found.map((each) => each.why)).toEqual(['server/gateway may not import server/control'])
  })

  it('sees re-exports, dynamic imports and imports for effect', () => {
    const text = "export { a } from '../apps/a.ts'\nawait import('../files/b.ts')\nimport '../main/c.ts'\n"
    expect(violationsIn('packages/server/src/base/x.ts', text)).toHaveLength(3)
  })

  it('refuses a folder without a row', () => {
    expect(violationsIn('packages/server/src/misc/x.ts', '')).toHaveLength(1)
  })
})
