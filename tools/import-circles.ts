// Circles of imports: files that need each other to be understood. Also a circle of types is one: nobody can read the one without the other.
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Imports of each file, by path. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

/** The file that a relative import of `file` means, if it is there. */
export function resolveImport(file: string, imported: string): string | undefined {
  if (!imported.startsWith('.')) return undefined
  const target = path.normalize(path.join(path.dirname(file), imported))
  return existsSync(target) ? target : undefined
}

/** Groups of files that reach each other, each sorted (Tarjan's strongly connected components of more than one file). */
export function circlesIn(graph: ImportGraph): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string): void => {
    order.set(file, order.size)
    lowest.set(file, order.get(file) ?? 0)
    stack.push(file)
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(next) ?? 0))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1 || (graph.get(file) ?? []).includes(file)) circles.push(circle.sort())
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return circles
}
