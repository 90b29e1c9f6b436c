// The variables of an app: what it runs with, and what of that is shown.
import type { AppVariable, EnvVar } from '@lakelet/api'
import type { AppRow } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import { type AppResources, type ResolvedResources, roleOf } from './app-resources.ts'
import { activeDeployment } from './app-rows.ts'
import type { AppClientSecrets } from './app-client-secrets.ts'
import type { AppYamlVariable } from './app-yaml.ts'
import { appVariables, type EnvironmentInput, maskVariables } from './environment.ts'
import { APP_MARK } from './leftovers.ts'
import type { AppWorkspace } from './ports.ts'

export interface AppVariablesParts {
  readonly metadata: Metadata
  readonly workspace: AppWorkspace
  readonly resources: AppResources
  readonly secrets: AppClientSecrets
  readonly urlOf: (row: Pick<AppRow, 'port'>) => string
}

/** Stands for a secret where it is only shown, and hidden, so that showing makes none. */
const HIDDEN = '********'
/** The port that is shown: each run gets one of its own. */
const SHOWN_PORT = 8000

export class AppVariables {
  readonly #parts: AppVariablesParts

  constructor(parts: AppVariablesParts) {
    this.#parts = parts
  }

  /** LakeletError `app_value_from`, or what resolving a resource throws. */
  async of(
    row: AppRow,
    yaml: readonly AppYamlVariable[],
    deployment: readonly EnvVar[],
    port: number,
  ): Promise<AppVariable[]> {
    const { secrets, resources } = this.#parts
    const own = { clientSecret: await secrets.of(row), ...(await resources.resolve(row)) }
    return this.#with(row, own, { yaml, deployment, port })
  }

  /** Refuses what no environment can be made of, as `of` does. */
  async check(row: AppRow, yaml: readonly AppYamlVariable[], deployment: readonly EnvVar[]): Promise<void> {
    const own = { clientSecret: HIDDEN, ...(await this.#parts.resources.resolve(row)) }
    this.#with(row, own, { yaml, deployment, port: SHOWN_PORT })
  }

  /** What the app runs with, or would run with now; secrets masked. */
  async shown(row: AppRow): Promise<AppVariable[]> {
    const active = await activeDeployment(this.#parts.metadata.db, row)
    const yaml = active?.build?.env ?? []
    const own = { clientSecret: HIDDEN, ...(await this.#parts.resources.describe(row, HIDDEN)) }
    const asked = { yaml, deployment: active?.env_vars ?? [], port: SHOWN_PORT }
    const variables = this.#with(row, own, asked)
    return maskVariables(variables.filter((each) => each.name !== APP_MARK))
  }

  #with(
    row: AppRow,
    { clientSecret, ...resources }: ResolvedResources & { readonly clientSecret: string },
    asked: Pick<EnvironmentInput, 'yaml' | 'deployment' | 'port'>,
  ): AppVariable[] {
    const { workspace, urlOf } = this.#parts
    const app = { ...roleOf(row), url: urlOf(row), clientSecret }
    return appVariables({ app, workspace, ...resources, ...asked })
  }
}
