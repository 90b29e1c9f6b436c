import { signInRoutes } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'

/** Handlers of signing browsers in. */
export function implementSignIn(signIn: {
  /** A link for the principal with this id. */
  createLink(principalId: number, next: string | undefined): Promise<string>
}): ImplementedRoute[] {
  return implementRoutes(signInRoutes, {
    async createLink({ caller, body }) {
      // A browser is a person's; a program that signed in there would act where only people are expected.
      if (caller.kind !== 'user') throw new LakeletError('permission_denied', { action: 'sign a browser in' })
      return { url: await signIn.createLink(caller.id, body.next) }
    },
  })
}
