// Every page of the console, and every dialog that an address opens, in the workspace of `furnished.ts`.
import { PAGE_PATTERNS, paths } from '../../packages/console/src/paths.ts'
import { APP, BRANCH, PROJECT } from './furnished.ts'

/** Dialogs that are part of an address. */
const DIALOGS: readonly (readonly [name: string, place: string])[] = [
  ['new project', `${paths.projects}?new=project`],
  ['new branch', `${paths.project(PROJECT, '/branches')}?new=branch`],
  ['import branch', `${paths.project(PROJECT, '/branches')}?new=import`],
  ['export branch', `${paths.project(PROJECT, '/branches')}?export=${BRANCH}`],
  ['add role', `${paths.branch(PROJECT, BRANCH, '/roles')}?new=role`],
  ['connect', `${paths.branch(PROJECT, BRANCH)}?connect=1`],
  ['attach database', `${paths.app(APP, '/resources')}?new=database`],
  ['attach secret', `${paths.app(APP, '/resources')}?new=secret`],
  ['calls', `${paths.project(PROJECT)}?drawer=cli`],
]

/** Names and addresses; a page that the router has is here by its pattern. */
export const placesToLookAt: readonly (readonly [name: string, place: string])[] = [
  ...PAGE_PATTERNS.map((pattern): [string, string] => [pattern, filled(pattern)]),
  ...DIALOGS,
]

function filled(pattern: string): string {
  return pattern.replace('$project', PROJECT).replace('$branch', BRANCH).replace('$app', APP)
}
