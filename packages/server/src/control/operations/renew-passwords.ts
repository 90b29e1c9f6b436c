// Children of a protected branch have passwords of their own: whoever is let into a copy of production is not let into production. Roles
// with an identity have none.
import type { Step } from '../../operations/operation-kind.ts'
import { type AdminConnection, listLoginRoles, setVerifier } from '../../postgres/index.ts'
import { onCatalog } from '../catalog/work.ts'
import type { ControlParts } from '../context.ts'

interface Renewal {
  readonly projectUid: string
  readonly endpointUid: string
  /** What it is made from is protected; absent in operations of versions that did not ask. */
  readonly renewsPasswords?: boolean
}

/** What roles had before, by their names: SCRAM verifiers, which those that still are there get again. */
export type KeptVerifiers = ReadonlyMap<string, { readonly verifier?: string }>

/**
 * A step after the one that made the files: gives each role with a password the one it had, if `keptOf` knows it, else a new one, which can be
 * shown. The compute is awake for it; done again after a kill.
 */
export function renewPasswordsStep<I extends Renewal>(
  context: Pick<ControlParts, 'computes' | 'clock' | 'rolePasswords'>,
  keptOf: (input: I) => Promise<KeptVerifiers | undefined>,
): Step<I> {
  return {
    name: 'renew_passwords',
    async run({ input, signal }) {
      if (input.renewsPasswords !== true) return
      const kept = (await keptOf(input)) ?? new Map()
      const renew = async (admin: AdminConnection) => {
        for (const { name, verifier, identity } of await listLoginRoles(admin)) {
          if (verifier === undefined || identity) continue
          const own = kept.get(name)?.verifier ?? (await context.rolePasswords.make(input.projectUid))
          await setVerifier(admin, name, own)
        }
      }
      await onCatalog(context, input.endpointUid, (admin) => admin.transaction(() => renew(admin)), signal)
      // Nobody asked for it to be awake.
      await context.computes.suspend(input.endpointUid)
    },
  }
}
