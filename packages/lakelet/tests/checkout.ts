// A checkout on a runner of a CI: carries out the steps of a workflow and of a composite action as their `run:` blocks say, with plain bash.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

export interface Step {
  readonly name?: string
  readonly id?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
  readonly run?: string
  readonly shell?: string
  readonly if?: string
  readonly env?: Readonly<Record<string, string>>
  readonly 'working-directory'?: string
}

export interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: { readonly steps: readonly Step[] }
}

/** What a job did. */
export interface JobResult {
  readonly failed: boolean
  /** Names, or commands, of the steps that ran. */
  readonly steps: readonly string[]
  readonly log: string
}

type Context = Readonly<Record<string, string>>

export class Checkout {
  readonly folder: string
  readonly #env: Record<string, string>
  readonly #temp: string
  #log = ''

  /** @param env what the runner's steps begin with. */
  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.#temp = path.join(path.dirname(folder), 'runner')
    this.#env = {
      ...env,
      CI: 'true',
      GITHUB_RUN_ID: '4242',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_JOB: 'Unit_tests',
      RUNNER_TEMP: this.#temp,
    }
  }

  /** What the steps wrote so far. */
  get log(): string {
    return this.#log
  }

  /** Carries out a job; `actions` are those that are simulated, by their names, all others must be of `actions/…` and do nothing. */
  async job(steps: readonly Step[], actions: Readonly<Record<string, Action>> = {}): Promise<JobResult> {
    const done: string[] = []
    let failed = false
    for (const step of steps) {
      if (!(step.if === 'always()' || (step.if === 'failure()' ? failed : !failed))) continue
      done.push(step.name ?? step.run ?? step.uses ?? '')
      failed = !(await this.#step(step, actions)) || failed
    }
    return { failed, steps: done, log: this.#log }
  }

  /** The steps of a composite action with these inputs; its outputs, or undefined when one failed. */
  async action(action: Action, inputs: Context, root: string): Promise<Context | undefined> {
    const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ''])
    const context: Record<string, string> = { 'github.action_path': root }
    for (const [name, value] of Object.entries({ ...Object.fromEntries(defaults), ...inputs }))
      context[`inputs.${name}`] = value as string
    for (const step of action.runs.steps) {
      const outputs = await this.#run(step, context)
      if (!outputs) return undefined
      for (const [name, value] of Object.entries(outputs)) context[`steps.${step.id}.outputs.${name}`] = value
    }
    const outputs = Object.entries(action.outputs).map(([name, { value }]) => [name, filled(value, context)])
    return Object.fromEntries(outputs) as Context
  }

  async #step(step: Step, actions: Readonly<Record<string, Action>>): Promise<boolean> {
    if (step.run !== undefined) return (await this.#run(step, {})) !== undefined
    const name = step.uses?.split('@')[0] ?? ''
    const action = actions[name]
    if (action) return (await this.action(action, step.with ?? {}, ROOT)) !== undefined
    if (!name.startsWith('actions/')) throw new Error(`nothing is known of '${step.uses}'`)
    return true
  }

  /** The outputs of a step; undefined when it failed. */
  async #run(step: Step, context: Context): Promise<Context | undefined> {
    await mkdir(this.#temp, { recursive: true })
    const file = (name: string) => path.join(this.#temp, name)
    await writeFile(file('script.sh'), step.run ?? '')
    const names = ['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_OUTPUT'] as const
    for (const name of names) await writeFile(file(name), '')
    const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value, context)])
    const env = {
      ...this.#env,
      ...(Object.fromEntries(own) as Context),
      ...Object.fromEntries(names.map((name) => [name, file(name)])),
    }
    // As the runner calls it: with a shell that is named, failures in a pipe count, too.
    const flags = step.shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e']
    const cwd = path.join(this.folder, filled(step['working-directory'] ?? '.', context))
    const child = spawn('bash', [...flags, file('script.sh')], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#log += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    Object.assign(this.#env, pairs(await readFile(file('GITHUB_ENV'), 'utf8')))
    const added = (await readFile(file('GITHUB_PATH'), 'utf8')).split('\n').filter((line) => line !== '')
    this.#env['PATH'] = [...added.reverse(), this.#env['PATH']].join(path.delimiter)
    return code === 0 ? pairs(await readFile(file('GITHUB_OUTPUT'), 'utf8')) : undefined
  }
}

const ROOT = path.resolve(import.meta.dirname, '../../..')

function pairs(text: string): Context {
  const lines = text.split('\n').filter((line) => line !== '')
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

function filled(text: string, context: Context): string {
  return text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_whole, name: string) => {
    const value = context[name]
    if (value === undefined) throw new Error(`nothing is known of \${{ ${name} }}`)
    return value
  })
}
