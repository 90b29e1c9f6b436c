// What an app may do as its visitor.
import type { Metadata } from '../metadata/database.ts'
import { getApp } from './app-rows.ts'

/** Beside what it asked for, an app that acts as its visitors may always ask who they are. */
const ALWAYS = ['iam.current-user:read', 'iam.access-control:read']

/** The scopes of the tokens that an app gets of its visitors; empty for one that asked for none, which gets no tokens. */
export function effectiveScopes(asked: readonly string[]): string[] {
  return asked.length === 0 ? [] : [...new Set([...asked, ...ALWAYS])]
}

/** Tells the scopes of an app, which each request asks for; read again only when an app was changed. */
export function visitorScopesOf(metadata: Metadata, name: string): () => Promise<readonly string[]> {
  let known: { readonly revision: number; readonly scopes: readonly string[] } | undefined
  return async () => {
    const revision = metadata.changes.revisionOf('apps')
    if (known?.revision === revision) return known.scopes
    const { user_api_scopes: asked, other_settings: others } = await getApp(metadata.db, name)
    const scopes = others.forward_user_access_token === false ? [] : effectiveScopes(asked)
    known = { revision, scopes }
    return scopes
  }
}
