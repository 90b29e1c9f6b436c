// What is said while a change runs and when it is done.
import { parseResourceName } from '@lakelet/api'
import type { Call } from './row-command.ts'

/** `Creating the branch` for `create-branch`. */
export function doing(verb: string): string {
  const [action = '', ...noun] = verb.split('-')
  const word = { create: 'Creating', update: 'Updating', delete: 'Deleting', undelete: 'Bringing back' }[
    action
  ]
  return `${word ?? action} the ${noun.join(' ')}`
}

/** Commands that may follow a change. */
export function nextOf(verb: string, { params, query }: Call, result: unknown): readonly string[] {
  const name = (result as { readonly name?: unknown } | undefined)?.name
  if (verb === 'delete-project' && query?.['purge'] === undefined) {
    return [`'lakelet postgres undelete-project projects/${params['project']}' brings it back.`]
  }
  if (typeof name !== 'string' || !verb.startsWith('create-')) return []
  const type = parseResourceName(name)?.type
  if (type !== 'project' && type !== 'branch' && type !== 'endpoint') return []
  return [`'lakelet psql ${name}' connects to it, 'lakelet env ${name}' prints what an app needs.`]
}
