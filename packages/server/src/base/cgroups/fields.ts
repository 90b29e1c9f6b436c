/** The lines `name number` of a flat keyed file of cgroups. */
export function parseFields(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [name, value] = line.split(' ')
      return name !== undefined && value !== undefined ? [[name, Number(value)] as const] : []
    }),
  )
}
