// Terraform for the Databricks provider that makes the same resources.
import { type Declaration, type Fields, KINDS, Reference, type Resource, type Value } from './resource.ts'

/** The text of a `.tf` file; with `isImport` it takes over what exists instead of making it. */
export function terraformText({ resources, notes }: Declaration, isImport: boolean): string {
  const blocks = resources.flatMap((resource) => [
    block(KINDS[resource.kind].terraform, resource.key, {
      ...resource.fields,
      spec: resource.spec,
    }),
    ...acls(resource),
    ...(isImport ? [importBlock(resource)] : []),
  ])
  const header = `terraform {
  required_providers {
    databricks = {
      source = "databricks/databricks"
    }
  }
}
`
  return [notes.map((note) => `# ${note}\n`).join(''), header, ...blocks]
    .filter((each) => each !== '')
    .join('\n')
}

function acls(resource: Resource): string[] {
  return (resource.acls ?? []).map(({ principal, permission }, index) =>
    block('databricks_secret_acl', `${resource.key}_${index + 1}`, {
      scope: new Reference(resource, 'name'),
      principal,
      permission,
    }),
  )
}

function importBlock({ kind, key, id }: Resource): string {
  return `import {\n  id = ${text(id)}\n  to = ${KINDS[kind].terraform}.${key}\n}\n`
}

function block(type: string, key: string, fields: Fields): string {
  return `resource "${type}" "${key}" ${object(fields, '')}\n`
}

/** Names are aligned as `terraform fmt` does: within lines that follow each other and hold one value each. */
function object(fields: Fields, indent: string): string {
  const inner = `${indent}  `
  const entries = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name: nameText(name), text: valueText(value, inner) }],
  )
  const lines: string[] = []
  for (let start = 0; start < entries.length;) {
    // An entry of several lines ends the run that it stands in, and is aligned with it.
    let end = start
    while (end < entries.length - 1 && !isLong(entries[end]?.text) && !isLong(entries[end + 1]?.text)) end++
    const run = entries.slice(start, end + 1)
    const width = Math.max(...run.map(({ name }) => name.length))
    lines.push(...run.map(({ name, text: value }) => `${inner}${name.padEnd(width)} = ${value}`))
    start = end + 1
  }
  return `{\n${lines.map((line) => `${line}\n`).join('')}${indent}}`
}

function isLong(value: string | undefined): boolean {
  return value?.includes('\n') ?? false
}

function valueText(value: Value, indent: string): string {
  if (value instanceof Reference) return referenceText(value)
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return listText(value as readonly Value[], indent)
  return typeof value === 'object' ? object(value as Fields, indent) : String(value)
}

function listText(list: readonly Value[], indent: string): string {
  const inner = `${indent}  `
  const items = list.map((each) => valueText(each, inner))
  if (!items.some(isLong)) return `[${items.join(', ')}]`
  return `[\n${items.map((each) => `${inner}${each},\n`).join('')}${indent}]`
}

/** A name of an object that is no identifier is quoted: Postgres settings of extensions have a period. */
function nameText(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : text(name)
}

/** A quoted text of HCL, in which nothing is a template. */
function text(value: string): string {
  return JSON.stringify(value).replace(/[$%](?=\{)/g, '$&$&')
}

function referenceText({ to, attribute, suffix }: Reference): string {
  const name = attribute === 'path' ? 'name' : attribute
  const reference = `${KINDS[to.kind].terraform}.${to.key}.${name}`
  return suffix === '' ? reference : `"\${${reference}}${suffix}"`
}
