// How the names of a definition are spelled on the command line.

/** `sourceCodePath` as a flag spells it. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `sourcePath` as the help names an argument. */
export function placeholder(name: string): string {
  return kebab(name).replaceAll('-', '_').toUpperCase()
}
