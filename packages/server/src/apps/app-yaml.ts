// app.yaml: the start command and the environment of an app. Every mistake is answered with its line and column.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { LakeletError } from '../base/errors.ts'

export interface AppYaml {
  readonly command?: readonly string[]
  readonly env: readonly AppYamlVariable[]
}

/** One variable: a text, or the key of an app resource that gives it. */
export type AppYamlVariable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: string }

/** Reads the text of `file` (its name, for messages); LakeletError `app_yaml_invalid`. Unknown keys are ignored, as on the platform. */
export function parseAppYaml(text: string, file: string): AppYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const fail = (offset: number, reason: string) => {
    const { line, col } = lines.linePos(offset)
    return new LakeletError('app_yaml_invalid', { file, line, column: col, reason })
  }
  const [error] = document.errors
  if (error) throw fail(error.pos[0], firstLineOf(error.message))
  const root = document.contents
  if (root === null || (isScalar(root) && root.value === null)) return { env: [] }
  if (!isMap(root))
    throw fail(root.range[0], `a mapping with 'command' and 'env' is expected, not ${kindOf(root)}`)
  const reader = new Reader(fail)
  const command = reader.command(root)
  return { ...(command ? { command } : {}), env: reader.env(root) }
}

class Reader {
  readonly #fail: (offset: number, reason: string) => LakeletError

  constructor(fail: (offset: number, reason: string) => LakeletError) {
    this.#fail = fail
  }

  command(root: YAMLMap): string[] | undefined {
    const node = nodeOf(root, 'command')
    if (!node || isNull(node)) return undefined
    if (isScalar(node) && typeof node.value === 'string') {
      const words = node.value.trim().split(/\s+/)
      if (words[0] !== '') return words
    }
    if (!isSeq(node)) throw this.#at(node, `'command' must be a list of texts, not ${kindOf(node)}`)
    if (node.items.length === 0) throw this.#at(node, "'command' is an empty list")
    return node.items.map((item) => this.#text(item as Node, "each item of 'command'"))
  }

  env(root: YAMLMap): AppYamlVariable[] {
    const node = nodeOf(root, 'env')
    if (!node || isNull(node)) return []
    if (!isSeq(node))
      throw this.#at(node, `'env' must be a list of {name, value} or {name, valueFrom}, not ${kindOf(node)}`)
    const seen = new Set<string>()
    return node.items.map((item) => {
      const variable = this.#variable(item as Node)
      if (seen.has(variable.name)) throw this.#at(item as Node, `the variable ${variable.name} is set twice`)
      seen.add(variable.name)
      return variable
    })
  }

  #variable(item: Node): AppYamlVariable {
    if (!isMap(item))
      throw this.#at(
        item,
        `each item of 'env' must be {name, value} or {name, valueFrom}, not ${kindOf(item)}`,
      )
    const nameNode = nodeOf(item, 'name')
    if (!nameNode || isNull(nameNode)) throw this.#at(item, "this item of 'env' has no 'name'")
    const name = this.#text(nameNode, "'name'")
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw this.#at(
        nameNode,
        `'${name}' is not a name for a variable: letters, digits and _, no digit first`,
      )
    const value = nodeOf(item, 'value')
    const from = nodeOf(item, 'valueFrom') ?? nodeOf(item, 'value_from')
    if (value && from) throw this.#at(item, `the variable ${name} has both 'value' and 'valueFrom'; keep one`)
    if (from) return { name, valueFrom: this.#text(from, `'valueFrom' of ${name}`) }
    if (!value) throw this.#at(item, `the variable ${name} has neither 'value' nor 'valueFrom'`)
    return { name, value: isNull(value) ? '' : this.#text(value, `'value' of ${name}`) }
  }

  /** Texts, and numbers and booleans as they are written in the file. */
  #text(node: Node, what: string): string {
    if (!isScalar(node) || isNull(node)) throw this.#at(node, `${what} must be a text, not ${kindOf(node)}`)
    return typeof node.value === 'string' ? node.value : (node.source ?? JSON.stringify(node.value))
  }

  #at(node: Node, reason: string): LakeletError {
    return this.#fail(node.range?.[0] ?? 0, reason)
  }
}

function nodeOf(map: YAMLMap, key: string): Node | undefined {
  const pair = map.items.find((each) => isScalar(each.key) && each.key.value === key)
  return (pair?.value as Node | null | undefined) ?? undefined
}

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null
}

function kindOf(node: Node): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return 'a list'
  if (!isScalar(node)) return 'an alias'
  if (node.value === null) return 'nothing'
  return typeof node.value === 'string'
    ? `the text '${node.value}'`
    : `the ${typeof node.value} ${JSON.stringify(node.value)}`
}

function firstLineOf(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, '').replace(/:$/, '')
}
