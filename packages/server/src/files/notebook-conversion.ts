// Notebooks in their two forms: source with a comment between the cells, and Jupyter documents (nbformat 4). Outputs have no place in source.
import { z } from 'zod'
import { headerOf, type Language } from './notebooks.ts'

const COMMENT: Readonly<Record<Language, string>> = { PYTHON: '#', R: '#', SCALA: '//', SQL: '--' }
/** Where a Jupyter document made by the platform says what it knows of the notebook. */
const PLATFORM_METADATA = 'application/vnd.databricks.v1+notebook'

const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))])
const jupyter = z.object({
  cells: z.array(z.object({ cell_type: z.string(), source: text.default('') })),
})

interface Cell {
  readonly isMarkdown: boolean
  readonly text: string
}

/** Source of a Jupyter document; without an end of line after the last cell, as the real service exports it. */
export function sourceOfJupyter(language: Language, bytes: Uint8Array): Uint8Array {
  const { cells } = jupyter.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  const comment = COMMENT[language]
  const parts = cells.map((cell) =>
    cellSource(comment, cell.cell_type === 'code' ? cell.source : `%md\n${cell.source}`),
  )
  const separator = `\n\n${comment} COMMAND ----------\n\n`
  return Buffer.from(`${headerOf(language)}\n${parts.join(separator)}`)
}

/** A cell in another language, or of text, is a comment line by line. */
function cellSource(comment: string, source: string): string {
  if (!source.startsWith('%')) return source
  return source
    .split('\n')
    .map((line) => `${comment} MAGIC ${line}`.trimEnd())
    .join('\n')
}

/** A Jupyter document of source. */
export function jupyterOfSource(language: Language, bytes: Uint8Array): Uint8Array {
  const cells = cellsOf(language, Buffer.from(bytes).toString('utf8').replaceAll('\r\n', '\n'))
  const name = language.toLowerCase()
  const document = {
    cells: cells.map(jupyterCell),
    metadata: { [PLATFORM_METADATA]: { language: name }, language_info: { name } },
    nbformat: 4,
    nbformat_minor: 0,
  }
  return Buffer.from(`${JSON.stringify(document, null, 1)}\n`)
}

function jupyterCell({ isMarkdown, text: content }: Cell) {
  const source = content === '' ? [] : content.split(/(?<=\n)/)
  if (isMarkdown) return { cell_type: 'markdown', metadata: {}, source }
  return { cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source }
}

function cellsOf(language: Language, source: string): Cell[] {
  const comment = COMMENT[language]
  const header = headerOf(language)
  const body = source.startsWith(header) ? source.slice(header.length).replace(/^\n/, '') : source
  return body
    .split(new RegExp(`^${comment} COMMAND -+$`, 'm'))
    .map((part) => cellOf(comment, part.replace(/^\n+|\n+$/g, '')))
}

function cellOf(comment: string, part: string): Cell {
  const magic = new RegExp(`^${comment} MAGIC ?`)
  const lines = part.split('\n')
  if (!lines.every((line) => magic.test(line))) return { isMarkdown: false, text: part }
  const content = lines.map((line) => line.replace(magic, '')).join('\n')
  const markdown = /^%md(?:[ \n]|$)/.exec(content)
  return markdown
    ? { isMarkdown: true, text: content.slice(markdown[0].length) }
    : { isMarkdown: false, text: content }
}
