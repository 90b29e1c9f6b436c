// From what there is to what declares it.
import type { App, AppResource, Database, Endpoint, Project, Role } from '@lakelet/api'
import type { BranchInventory, Inventory, ScopeInventory } from './inventory.ts'
import { type Declaration, type Fields, type Kind, Reference, type Resource } from './resource.ts'

/** Declares everything of `inventory` that a project, a branch or an app does not bring by itself. */
export function declare(inventory: Inventory): Declaration {
  return new Declarer(inventory.apps).declare(inventory)
}

const DEFAULT_DATABASE = 'databricks_postgres'

class Declarer {
  readonly #resources: Resource[] = []
  readonly #notes: string[] = []
  /** Resources by kind and full name. */
  readonly #byId = new Map<string, Resource>()
  readonly #keys = new Set<string>()
  readonly #apps: readonly App[]

  constructor(apps: readonly App[]) {
    this.#apps = apps
  }

  declare({ projects, apps, scopes }: Inventory): Declaration {
    for (const scope of scopes) this.#scope(scope)
    for (const { project } of projects) this.#project(project)
    // Sources stand before what was made from them: both tools follow the references, people read from the top.
    for (const { project, branches } of projects)
      for (const each of sourcesFirst(branches)) this.#branch(project, each)
    // An app may name databases, and a role may be that of an app, which may own databases.
    const inside = (isOfApp: boolean) => {
      for (const { project, branches } of projects)
        for (const each of branches) this.#inside(project, each, isOfApp)
    }
    inside(false)
    for (const app of apps) this.#app(app)
    inside(true)
    if (this.#resources.some(({ kind, fields }) => isSlow(kind, fields)))
      this.#notes.push(
        "A project does one thing after the other: deploy again where it says 'conflicting operations in progress' (Terraform: -parallelism=1).",
      )
    return { resources: this.#resources, notes: this.#notes }
  }

  /** The key is made from `called`, where the name of the resource says little. */
  #add(kind: Kind, id: string, parts: Omit<Resource, 'kind' | 'key' | 'id'>, called = id): void {
    const resource = { kind, id, key: this.#keyOf(kind, called), ...parts }
    this.#resources.push(resource)
    this.#byId.set(`${kind} ${id}`, resource)
  }

  #keyOf(kind: Kind, id: string): string {
    const plain = id
      .replace(/(^|\/)(projects|branches|endpoints|roles|databases)\//g, '$1')
      .replace(/[^A-Za-z0-9]+/g, '_')
    const key = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`
    for (let tried = 1; ; tried++) {
      const candidate = tried === 1 ? key : `${key}_${tried}`
      if (this.#keys.has(`${kind} ${candidate}`)) continue
      this.#keys.add(`${kind} ${candidate}`)
      return candidate
    }
  }

  /** `id` as a reference, where it is declared here. */
  #to(kind: Kind, id: string): Reference | string {
    const found = this.#byId.get(`${kind} ${id}`)
    return found ? new Reference(found, 'path') : id
  }

  #project({ name, project_id, status }: Project): void {
    const { default_endpoint_settings: settings, custom_tags: tags } = status
    this.#add('project', name, {
      fields: { project_id },
      spec: {
        display_name: status.display_name,
        pg_version: status.pg_version,
        history_retention_duration: status.history_retention_duration,
        enable_pg_native_login: status.enable_pg_native_login,
        budget_policy_id: status.budget_policy_id || undefined,
        default_endpoint_settings: { ...settings, pg_settings: sorted(settings.pg_settings) },
        custom_tags: tags && tags.length > 0 ? tags : undefined,
      },
    })
  }

  #branch(project: Project, { branch, endpoints }: BranchInventory): void {
    const { status, name } = branch
    this.#add('branch', name, {
      fields: {
        parent: this.#to('project', project.name),
        branch_id: branch.branch_id,
        replace_existing: status.default || undefined,
      },
      spec: {
        source_branch: status.source_branch && this.#to('branch', status.source_branch),
        is_protected: status.is_protected || undefined,
        ...(status.expire_time ? { expire_time: status.expire_time } : { no_expiry: true }),
      },
    })
    if (status.default && branch.branch_id !== 'production')
      this.#notes.push(
        `${name} is the default branch of its project, but a new project has 'production': make ${branch.branch_id} the default there.`,
      )
    for (const endpoint of endpoints) this.#endpoint(name, endpoint)
  }

  #endpoint(branch: string, { name, endpoint_id, status }: Endpoint): void {
    const isPrimary = status.endpoint_type === 'ENDPOINT_TYPE_READ_WRITE'
    const suspend = status.suspend_timeout_duration
    const pgSettings = sorted(status.settings?.pg_settings)
    this.#add('endpoint', name, {
      fields: {
        parent: this.#to('branch', branch),
        endpoint_id,
        replace_existing: isPrimary || undefined,
      },
      spec: {
        endpoint_type: status.endpoint_type,
        autoscaling_limit_min_cu: status.autoscaling_limit_min_cu,
        autoscaling_limit_max_cu: status.autoscaling_limit_max_cu,
        ...(suspend ? { suspend_timeout_duration: suspend } : { no_suspension: true }),
        disabled: status.disabled || undefined,
        settings: pgSettings && { pg_settings: pgSettings },
        group: status.group.max > 1 ? status.group : undefined,
      },
    })
  }

  /** Roles and databases of a branch: those of apps, or all others. */
  #inside(project: Project, { branch, roles, databases }: BranchInventory, isOfApp: boolean): void {
    const owner = roles.find((role) => isOwner(project, role))?.name
    const ofApps = new Set(roles.filter((role) => this.#appOf(role)).map(({ name }) => name))
    for (const role of roles)
      if (role.name !== owner && ofApps.has(role.name) === isOfApp) this.#role(branch.name, role)
    for (const database of databases) {
      const { postgres_database: name, role } = database.status
      const isImplicit = name === DEFAULT_DATABASE && role === owner
      if (!isImplicit && ofApps.has(role) === isOfApp) this.#database(branch.name, database)
    }
  }

  #appOf({ status }: Role): App | undefined {
    return this.#apps.find((each) => each.service_principal_client_id === status.postgres_role)
  }

  #role(branch: string, role: Role): void {
    const { name, role_id, status } = role
    const app = this.#appOf(role)
    // Attaching the branch to the app makes its role.
    if (app?.resources?.some(({ postgres }) => postgres?.branch === branch)) return
    const declared = app && this.#byId.get(`app ${app.name}`)
    if (status.identity_type !== 'IDENTITY_TYPE_UNSPECIFIED' && !declared)
      this.#notes.push(
        `Role ${name} is of ${status.identity_type} ${status.postgres_role}, which must exist in the other workspace.`,
      )
    const roleId = app ? `app-${app.name}` : role_id
    const fields = {
      parent: this.#to('branch', branch),
      role_id: roleId,
      // A branch has the roles of its source already.
      replace_existing: true,
    }
    const spec = {
      postgres_role: declared ? new Reference(declared, 'service_principal_client_id') : status.postgres_role,
      identity_type: status.identity_type === 'IDENTITY_TYPE_UNSPECIFIED' ? undefined : status.identity_type,
      auth_method: status.auth_method,
      membership_roles: filledList(status.membership_roles),
      attributes: chosen(status.attributes),
    }
    this.#add('role', name, { fields, spec }, `${branch}/roles/${roleId}`)
  }

  #database(branch: string, { name, database_id, status }: Database): void {
    const role = this.#to('role', status.role)
    this.#add('database', name, {
      fields: { parent: this.#to('branch', branch), database_id, replace_existing: true },
      spec: {
        postgres_database: status.postgres_database,
        role: typeof role === 'string' ? this.#below(branch, role) : role,
      },
    })
  }

  /** The name of something in a branch that is not declared itself. */
  #below(branch: string, name: string): Reference | string {
    const parent = this.#to('branch', branch)
    if (typeof parent === 'string' || !name.startsWith(`${branch}/`)) return name
    return new Reference(parent.to, 'path', name.slice(branch.length))
  }

  #app(app: App): void {
    this.#add('app', app.name, {
      fields: {
        name: app.name,
        description: app.description || undefined,
        compute_size: app.compute_size,
        user_api_scopes: filledList(app.user_api_scopes),
        resources: filledList(app.resources?.map((resource) => this.#appResource(resource))),
      },
    })
    const source = app.active_deployment?.source_code_path ?? app.default_source_code_path
    if (source !== undefined)
      this.#notes.push(
        `The source of app ${app.name}: lakelet workspace export-dir ${source} apps/${app.name}`,
      )
  }

  #appResource({ name, description, postgres, secret, ...others }: AppResource): Fields {
    if (postgres) {
      const { branch, database } = postgres
      const named = database?.includes('/') ? this.#to('database', database) : database
      return {
        name,
        description,
        postgres: {
          branch: this.#to('branch', branch),
          database: typeof named === 'string' ? this.#below(branch, named) : named,
          permission: postgres.permission,
        },
      }
    }
    if (secret) {
      const scope = this.#byId.get(`scope ${secret.scope}`)
      return {
        name,
        description,
        secret: { ...secret, scope: scope ? new Reference(scope, 'name') : secret.scope },
      }
    }
    // A kind that no local workspace has is kept as it was sent.
    return { name, description, ...(others as Fields) }
  }

  #scope({ name, keys, acls }: ScopeInventory): void {
    this.#add('scope', name, { fields: { name }, ...(acls ? { acls } : {}) })
    if (keys.length > 0)
      this.#notes.push(
        `Values of secrets are not exported: put ${keys.join(', ')} into scope ${name} before an app is made that uses them.`,
      )
  }
}

/** The role that creating the project makes. */
function isOwner({ status }: Project, role: Role): boolean {
  return role.status.identity_type === 'USER' && role.status.postgres_role === status.owner
}

/** Whether it is made in a project by an operation of its own. */
function isSlow(kind: Kind, fields: Fields): boolean {
  return kind === 'role' || kind === 'database' || (kind === 'branch' && !fields['replace_existing'])
}

function sourcesFirst(branches: readonly BranchInventory[]): BranchInventory[] {
  const byName = new Map(branches.map((each) => [each.branch.name, each]))
  const ordered = new Set<BranchInventory>()
  const add = (each: BranchInventory) => {
    const source = byName.get(each.branch.status.source_branch ?? '')
    if (source && !ordered.has(source)) add(source)
    ordered.add(each)
  }
  for (const each of branches) add(each)
  return [...ordered]
}

function filled<T extends object>(value: T | undefined): T | undefined {
  return value && Object.keys(value).length > 0 ? value : undefined
}

/** Settings by name, so that the same ones are the same text. */
function sorted(settings: Readonly<Record<string, string>> | undefined) {
  return filled(Object.fromEntries(Object.entries(settings ?? {}).toSorted(([a], [b]) => a.localeCompare(b))))
}

function filledList<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined
}

/** The attributes that are set, or undefined where none is. */
function chosen(attributes: Role['status']['attributes']): Fields | undefined {
  return filled(Object.fromEntries(Object.entries(attributes).filter(([, isSet]) => isSet)))
}
