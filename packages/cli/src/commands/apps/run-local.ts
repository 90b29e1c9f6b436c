import { existsSync } from 'node:fs'
import path from 'node:path'
import { scimRoutes } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { Failure, usageFailure } from '../../command/failure.ts'
import type { Terminal } from '../../command/terminal.ts'
import { withoutOtherLogins } from '../../dev/environment.ts'
import { Board } from '../../dev/board.ts'
import { Child } from '../../dev/child.ts'
import { Signals } from '../../dev/signals.ts'
import { asApp, asPerson, type Identity, missingValues } from '../../run-local/identity.ts'
import { preparations, VENV } from '../../run-local/prepare.ts'
import { startVisitorProxy, type Visitor } from '../../run-local/visitor-proxy.ts'

export const appsRunLocal = defineCommand({
  path: ['apps', 'run-local'],
  summary: 'Run an app from a folder of this machine, with what it finds when it is deployed',
  description:
    'Starts the command of app.yaml with the variables of the platform, and an address that adds the headers of a signed-in visitor, who is you. The app acts as you, with the database of the linked project; with --as-app as the service principal of that app, with a secret that ends with the run, and finds its resources.',
  arguments: { directory: { summary: 'folder of the app; this one when left out', optional: true } },
  options: {
    port: { value: 'PORT', summary: 'port of the address', default: 8001, parse: parsePort },
    appPort: { value: 'PORT', summary: 'port of the app itself', default: 8000, parse: parsePort },
    entryPoint: { value: 'FILE', summary: 'file in the place of app.yml or app.yaml' },
    env: {
      value: 'NAME=VALUE',
      summary: 'variable that wins over all others',
      repeat: true,
      parse: parseVariable,
    },
    prepareEnvironment: { summary: 'first install the packages of the app in its folder' },
    asApp: { value: 'NAME', summary: 'act as the service principal of this app' },
  },
  examples: [
    { run: 'lakelet apps run-local', does: 'runs the app of this folder at http://localhost:8001' },
    {
      run: 'lakelet apps run-local ./my-app --as-app my-app --prepare-environment',
      does: 'installs its packages and runs it with the rights and resources of my-app',
    },
  ],
  async handler(outside, { arguments: { directory = '.' }, options }) {
    const { readLocalApp, variablesOfPlatform } = await import('@lakelet/server')
    const { terminal, out } = outside
    const { port, appPort, entryPoint } = options
    const cwd = path.resolve(terminal.cwd, directory)
    if (!existsSync(cwd)) throw usageFailure(`There is no folder ${cwd}.`)
    using signals = new Signals(terminal)
    const board = boardOf(terminal)
    const context: CommandContext = { ...outside, signal: signals.before }
    const app = await readLocalApp(
      cwd,
      appPort,
      entryPoint ?? (existsSync(path.join(cwd, 'app.yml')) ? 'app.yml' : undefined),
    )
    const connection = await context.workspace()
    await using identity = await (options.asApp === undefined
      ? asPerson(context, path.basename(cwd))
      : asApp(context, options.asApp))
    const url = `http://localhost:${port}`
    const { name, clientId, clientSecret } = identity
    const given = new Map(options.env)
    const env = {
      ...withoutOtherLogins(terminal.env),
      ...without(
        variablesOfPlatform({
          app: { name, url, clientId, clientSecret },
          workspace: {
            host: connection.host,
            workspaceId: '',
            caFile: connection.configuration.local?.caFile ?? '',
          },
          port: appPort,
        }),
      ),
      ...identity.variables,
      ...yamlVariables(app.variables, { identity, given, isApp: options.asApp !== undefined }),
      ...Object.fromEntries(given),
      PATH: searchPath(cwd, terminal.env['PATH']),
    }
    const run = (command: readonly string[]) => {
      context.signal.throwIfAborted()
      const child = new Child({ command, cwd, env }, { board, name: 'app', color: 'cyan' })
      return signals.during(child, () => child.ended())
    }
    for (const command of options.prepareEnvironment ? preparations(app, cwd) : []) {
      out.note(`$ ${command.join(' ')}`)
      const code = await run(command)
      if (code !== 0)
        throw new Failure(`'${command.join(' ')}' failed, so the app was not started.`, { exitCode: code })
    }
    await using _proxy = await startVisitorProxy({ port, appPort, visitor: await visitorOf(context) })
    out.note(`${name} is at ${url}, as ${options.asApp ?? 'you'}.`)
    const code = await run(app.command)
    if (code !== 0) throw new Failure('', { exitCode: code })
  },
})

function boardOf(terminal: Terminal): Board {
  return new Board({
    write: (stream, text) => terminal[stream](text),
    hasColor: (stream) => terminal.hasColor?.(stream) ?? false,
  })
}

/** With the programs of the app's packages first. */
function searchPath(directory: string, present = ''): string {
  const own = [path.join(VENV, 'bin'), path.join('node_modules', '.bin')].map((each) =>
    path.join(directory, each),
  )
  return [...own, present].join(path.delimiter)
}

/** Those of the app itself stay out where it has none. */
function without(variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
}

async function visitorOf({ workspace, signal }: CommandContext): Promise<Visitor> {
  const { client } = await workspace()
  const me = await client.call(scimRoutes.me, { query: {} }, signal)
  const userName = me.userName ?? ''
  return { userName, displayName: me.displayName ?? userName, email: me.emails?.[0]?.value ?? userName }
}

/** What app.yaml sets; a placeholder that was not filled in does not hide what is known. */
function yamlVariables(
  variables: Awaited<ReturnType<typeof import('@lakelet/server').readLocalApp>>['variables'],
  {
    identity,
    given,
    isApp,
  }: { readonly identity: Identity; readonly given: ReadonlyMap<string, string>; readonly isApp: boolean },
): Record<string, string> {
  const values: Record<string, string> = {}
  const missing: string[] = []
  for (const each of variables) {
    if ('value' in each) {
      const isPlaceholder = /^<.*>$/.test(each.value) || /<[\w-]+>/.test(each.value)
      if (!isPlaceholder) values[each.name] = each.value
      continue
    }
    const value = given.get(each.name) ?? identity.taken[each.name]
    if (value === undefined) missing.push(each.name)
    else values[each.name] = value
  }
  if (missing.length > 0) throw missingValues(missing, isApp)
  return values
}

function parsePort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw usageFailure(`'${text}' is no port.`, 'Ports are numbers from 1 to 65535.')
}

function parseVariable(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw usageFailure(`'${text}' is no variable.`, 'Give it as NAME=VALUE.')
}
