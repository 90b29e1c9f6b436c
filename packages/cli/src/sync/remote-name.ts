// Source files that the workspace keeps as notebooks lose their extension there.
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'

/** First line of a notebook in source form, by extension. */
const MARKERS: Readonly<Record<string, string>> = {
  '.py': '# Databricks notebook source',
  '.r': '# Databricks notebook source',
  '.scala': '// Databricks notebook source',
  '.sql': '-- Databricks notebook source',
}

/** The name that `name` (relative to `root`) has in the workspace. */
export async function remoteNameOf(root: string, name: string): Promise<string> {
  const extension = path.posix.extname(name)
  if (extension === '.ipynb') {
    return (await isJupyter(path.join(root, name))) ? name.slice(0, -extension.length) : name
  }
  const marker = MARKERS[extension.toLowerCase()]
  if (!marker || !(await startsWith(path.join(root, name), marker))) return name
  return name.slice(0, -extension.length)
}

/** By the keys that every Jupyter document has. */
async function isJupyter(file: string): Promise<boolean> {
  try {
    const document: unknown = JSON.parse(await readFile(file, 'utf8'))
    return typeof document === 'object' && document !== null && 'cells' in document && 'nbformat' in document
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

async function startsWith(file: string, marker: string): Promise<boolean> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(marker.length + 2), 0, marker.length + 2, 0)
  const [line] = buffer.subarray(0, bytesRead).toString('utf8').split(/\r?\n/)
  return line === marker
}
