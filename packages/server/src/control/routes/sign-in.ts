import { signInRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'

/** Handlers of signing browsers in. */
export function implementSignIn(signIn: {
  /** A link for the principal with this id. */
  createLink(principalId: number, next: string | undefined): Promise<string>
}): ImplementedRoute[] {
  return implementRoutes(signInRoutes, {
    createLink: async ({ caller, body }) => ({ url: await signIn.createLink(caller.id, body.next) }),
  })
}
