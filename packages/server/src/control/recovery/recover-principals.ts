import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Queries } from '../../metadata/database.ts'
import { insertPrincipal, listPrincipals } from '../../metadata/principals.ts'

const identitiesFile = z.object({
  identities: z.array(
    z.object({
      name: z.string().min(1),
      type: z.enum(['USER', 'SERVICE_PRINCIPAL', 'GROUP']),
      id: z.number().int().positive(),
    }),
  ),
})

const KINDS = { USER: 'user', SERVICE_PRINCIPAL: 'service_principal', GROUP: 'group' } as const
/** The groups of every workspace. */
const SYSTEM_GROUPS = ['admins', 'users']

/**
 * Makes the principals again that Postgres knows, with the ids that the labels of their roles name: without them nobody could
 * log in any more. Returns their names; none where the file is missing or damaged.
 */
export async function recoverPrincipals(queries: Queries, file: string, now: string): Promise<string[]> {
  const parsed = identitiesFile.safeParse(parseJson(await readFile(file, 'utf8').catch(() => '')))
  const present = new Set((await listPrincipals(queries)).map(({ id }) => id))
  const missing = (parsed.data?.identities ?? []).filter(({ id }) => !present.has(id))
  for (const { id, name, type } of missing) {
    const isSystem = type === 'GROUP' && SYSTEM_GROUPS.includes(name)
    await insertPrincipal(queries, {
      id,
      kind: KINDS[type],
      name,
      display_name: name,
      active: 1,
      external_id: null,
      attributes: '{}',
      is_system: Number(isSystem),
      created_at: now,
    })
  }
  return missing.map(({ name }) => name)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
