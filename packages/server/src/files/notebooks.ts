// Which source files are notebooks, by the rules of the workspace import (databricks CLI, libs/notebook/detect.go).
import { z } from 'zod'

export type Language = 'PYTHON' | 'SQL' | 'SCALA' | 'R'

export interface Notebook {
  readonly language: Language
  readonly format: 'SOURCE' | 'JUPYTER'
  /** Length of the extension that the stored name goes without, the dot included. */
  readonly extension: string
}

const COMMENT: Readonly<Record<Language, string>> = { PYTHON: '#', R: '#', SCALA: '//', SQL: '--' }

const LANGUAGE_OF: Readonly<Record<string, Language>> = {
  '.py': 'PYTHON',
  '.r': 'R',
  '.scala': 'SCALA',
  '.sql': 'SQL',
}

const JUPYTER_EXTENSION = '.ipynb'

const PLATFORM_METADATA = 'application/vnd.databricks.v1+notebook'

const jupyter = z.object({
  cells: z.array(z.object({ cell_type: z.string() })),
  nbformat: z.int().min(4),
  metadata: z
    .object({
      'application/vnd.databricks.v1+notebook': z.object({ language: z.string().optional() }).optional(),
      language_info: z.object({ name: z.string().optional() }).optional(),
      kernelspec: z.object({ language: z.string().optional() }).optional(),
    })
    .default({}),
})

/** The notebook that a file of this name and content is; undefined for a plain file. */
export function detectNotebook(name: string, bytes: Uint8Array): Notebook | undefined {
  const extension = (/\.[a-z]+$/i.exec(name)?.[0] ?? '').toLowerCase()
  if (extension === JUPYTER_EXTENSION) return detectJupyter(name, bytes)
  const language = LANGUAGE_OF[extension]
  if (!language || firstLine(bytes) !== headerOf(language)) return undefined
  return { language, format: 'SOURCE', extension: name.slice(-extension.length) }
}

function detectJupyter(name: string, bytes: Uint8Array): Notebook | undefined {
  if (name.toLowerCase().endsWith('.designer.ipynb')) return undefined
  const language = jupyterLanguage(bytes)
  return language && { language, format: 'JUPYTER', extension: name.slice(-JUPYTER_EXTENSION.length) }
}

/**
 * The language of a Jupyter document: what the platform's own metadata says, else the kernel's, else Python, also for one that is not
 * known here: clients take every such document for a notebook, and look for it under the name of one. Undefined when it is none.
 */
export function jupyterLanguage(bytes: Uint8Array): Language | undefined {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  const parsed = jupyter.safeParse(document)
  if (!parsed.success) return undefined
  const { language_info: info, kernelspec, [PLATFORM_METADATA]: own } = parsed.data.metadata
  const language = (own?.language ?? info?.name ?? kernelspec?.language ?? 'python').toUpperCase()
  return language in COMMENT ? (language as Language) : 'PYTHON'
}

/** The first line that marks a source file as a notebook. */
export function headerOf(language: Language): string {
  return `${COMMENT[language]} Databricks notebook source`
}

/** Source of a notebook with its first line, which an import may have left out. */
export function withHeader(language: Language, bytes: Uint8Array): Uint8Array {
  const header = headerOf(language)
  return firstLine(bytes) === header ? bytes : Buffer.concat([Buffer.from(`${header}\n`), bytes])
}

/** The language that a file extension stands for. */
export function languageOf(name: string): Language | undefined {
  return LANGUAGE_OF[(/\.[a-z]+$/i.exec(name)?.[0] ?? '').toLowerCase()]
}

/** The extension that a notebook has as a file: of its language, or `.ipynb` when it was imported as a Jupyter document. */
export function fileExtensionOf(notebook: {
  readonly language: Language | null
  readonly format: 'SOURCE' | 'JUPYTER' | null
}): string {
  return notebook.format === 'JUPYTER' ? JUPYTER_EXTENSION : extensionOf(notebook.language ?? 'PYTHON')
}

/** `name` without the extension that it would have as the file of a notebook; undefined for another name. */
export function notebookNameOf(name: string): string | undefined {
  const extension = [JUPYTER_EXTENSION, ...Object.keys(LANGUAGE_OF)].find((each) => name.endsWith(each))
  return extension === undefined ? undefined : name.slice(0, -extension.length)
}

/** The extension of a source notebook of `language`. */
function extensionOf(language: Language): string {
  return Object.entries(LANGUAGE_OF).find(([, each]) => each === language)?.[0] ?? ''
}

function firstLine(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 128)).toString('utf8')
  return (text.split('\n', 1)[0] ?? '').replace(/\r$/, '')
}
