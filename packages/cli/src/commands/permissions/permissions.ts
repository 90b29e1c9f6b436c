// Who may do what with an object: `permissions …` for any kind of object, `apps …-permissions` for an app.
import { type RouteDefinition, permissionRoutes } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { type Command, type Example, defineCommand } from '../../command/define-command.ts'
import { jsonOption, readJsonOption } from '../../command/json-option.ts'

interface ObjectId {
  readonly object_type: string
  readonly object_id: string
}

const GRANT = `--json '{"access_control_list": [{"user_name": "me@example.com", "permission_level": "CAN_USE"}]}'`

/** What can be done with the list of an object. */
const VERBS = [
  { verb: 'get', does: 'Show who may do what with', example: ['', 'shows who may use it'] },
  {
    verb: 'set',
    does: 'Replace who may do what with',
    example: [GRANT, 'lets this user use it and nobody else'],
  },
  {
    verb: 'update',
    does: 'Let more people do something with',
    example: [GRANT, 'lets this user use it, too'],
  },
  { verb: 'levels', does: 'List the levels that can be granted on', example: ['', 'lists them'] },
] as const

type Verb = (typeof VERBS)[number]['verb']

async function run(context: CommandContext, verb: Verb, object: ObjectId, json?: string): Promise<void> {
  const { workspace, out, signal } = context
  const body = verb === 'set' || verb === 'update' ? await bodyOf(context, json, permissionRoutes[verb]) : {}
  const { client } = await workspace()
  if (verb === 'get') out.data(await client.call(permissionRoutes.get, { params: object }, signal))
  else if (verb === 'levels') out.data(await client.call(permissionRoutes.levels, { params: object }, signal))
  else out.data(await client.call(permissionRoutes[verb], { params: object, body }, signal))
}

function bodyOf(context: CommandContext, json: string | undefined, route: RouteDefinition) {
  return readJsonOption(json, context, route)
}

function exampleOf(command: string, [flags, does]: readonly [string, string]): readonly Example[] {
  return [{ run: `lakelet ${command} ${flags}`.trimEnd(), does }]
}

/** `permissions get|set|update|get-permission-levels TYPE ID`. */
export const permissions: readonly Command[] = VERBS.map(({ verb, does, example }) => {
  const word = verb === 'levels' ? 'get-permission-levels' : verb
  const isChange = verb === 'set' || verb === 'update'
  return defineCommand({
    path: ['permissions', word],
    summary: `${does} an object`,
    arguments: {
      requestObjectType: { summary: 'kind of the object: database-projects, apps, directories or files' },
      requestObjectId: { summary: 'its id: that of a project, the name of an app' },
    },
    options: isChange ? { json: jsonOption } : {},
    examples: exampleOf(`permissions ${word} database-projects my-app-db`, example),
    async handler(context, { arguments: words, options }) {
      const object = { object_type: words.requestObjectType, object_id: words.requestObjectId }
      await run(context, verb, object, (options as { json?: string }).json)
    },
  })
})

/** `apps get-permissions|set-permissions|update-permissions|get-permission-levels NAME`. */
export const appsPermissions: readonly Command[] = VERBS.map(({ verb, does, example }) => {
  const word = verb === 'levels' ? 'get-permission-levels' : `${verb}-permissions`
  const isChange = verb === 'set' || verb === 'update'
  return defineCommand({
    path: ['apps', word],
    summary: `${does} an app`,
    arguments: { appName: { summary: 'name of the app' } },
    options: isChange ? { json: jsonOption } : {},
    examples: exampleOf(`apps ${word} my-app`, example),
    async handler(context, { arguments: { appName }, options }) {
      const object = { object_type: 'apps', object_id: appName }
      await run(context, verb, object, (options as { json?: string }).json)
    },
  })
})
