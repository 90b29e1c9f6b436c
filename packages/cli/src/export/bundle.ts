// A Databricks Asset Bundle (databricks.yml) that makes the same resources.
import { stringify } from 'yaml'
import { type Declaration, type Fields, KINDS, Reference, type Resource, type Value } from './resource.ts'

const NO_LITERALS =
  "A bundle takes every '${' for a reference and knows no way to write it, so it stands as '$ {' where a value has it."

type Plain = string | number | boolean | readonly Plain[] | { readonly [name: string]: Plain }

/** The text of `databricks.yml`. */
export function bundleText(name: string, { resources, notes }: Declaration): string {
  const kinds = new Map<string, Record<string, Plain>>()
  for (const resource of resources) {
    const kind = KINDS[resource.kind].bundle
    const group = kinds.get(kind) ?? {}
    group[resource.key] = plainFields(fieldsOf(resource))
    kinds.set(kind, group)
  }
  const unsafe = JSON.stringify(
    resources.map(({ fields, spec }) => [fields, spec]),
    withoutReferences,
  ).includes('${')
  const said = unsafe ? [...notes, NO_LITERALS] : notes
  const hasApps = kinds.has('apps')
  const content = {
    bundle: { name },
    // Without apps there is nothing to upload.
    ...(hasApps ? {} : { sync: { paths: [] } }),
    resources: Object.fromEntries(kinds),
  }
  return `${said.map((note) => `# ${note}\n`).join('')}${stringify(content, { lineWidth: 0 })}`
}

function fieldsOf({ kind, id, fields, spec, acls }: Resource): Fields {
  if (kind === 'app') return { ...fields, source_code_path: `./apps/${id}` }
  if (kind !== 'scope') return { ...fields, ...spec }
  return {
    ...fields,
    permissions:
      acls && acls.length > 0
        ? acls.map(({ principal, permission }) => ({
            ...principalField(principal),
            level: permission,
          }))
        : undefined,
  }
}

function principalField(principal: string): Fields {
  if (principal.includes('@')) return { user_name: principal }
  const isClientId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(principal)
  return isClientId ? { service_principal_name: principal } : { group_name: principal }
}

function plain(value: Value): Plain {
  if (value instanceof Reference) return referenceText(value)
  if (Array.isArray(value)) return (value as readonly Value[]).map(plain)
  if (typeof value === 'string') return value.replaceAll('${', '$ {')
  return typeof value === 'object' ? plainFields(value as Fields) : value
}

function withoutReferences(_: string, value: unknown): unknown {
  return value instanceof Reference ? undefined : value
}

function plainFields(fields: Fields): { readonly [name: string]: Plain } {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value)]])),
  )
}

function referenceText({ to, attribute, suffix }: Reference): string {
  const name = attribute === 'path' ? 'id' : attribute
  return `\${resources.${KINDS[to.kind].bundle}.${to.key}.${name}}${suffix}`
}
