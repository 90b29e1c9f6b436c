import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { systemPath } from '../remove-tree.ts'

/** The path of a program of the system, whatever PATH an app has; undefined where it is not installed. */
export function systemProgram(name: string): string | undefined {
  return systemPath()
    .split(path.delimiter)
    .map((directory) => path.join(directory, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
