import { expect, it } from 'vitest'
import { jupyterOfSource, sourceOfJupyter } from './notebook-conversion.ts'
import { jupyterLanguage } from './notebooks.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

const SOURCE = `# Databricks notebook source
print(1)

# COMMAND ----------

# MAGIC %md
# MAGIC # Title
# MAGIC
# MAGIC text

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT 1
`

it('makes of source a Jupyter document, and of that the same source', () => {
  const document = jupyterOfSource('PYTHON', bytes(SOURCE))
  expect(JSON.parse(text(document))).toMatchObject({
    nbformat: 4,
    cells: [
      { cell_type: 'code', source: ['print(1)'], outputs: [] },
      { cell_type: 'markdown', source: ['# Title\n', '\n', 'text'] },
      { cell_type: 'code', source: ['%sql\n', 'SELECT 1'] },
    ],
  })
  expect(jupyterLanguage(document)).toBe('PYTHON')
  expect(text(sourceOfJupyter('PYTHON', document))).toBe(SOURCE.trimEnd())
})

it.each([
  [
    'of the platform',
    { 'application/vnd.databricks.v1+notebook': { language: 'sql' }, language_info: { name: 'python' } },
    'SQL',
  ],
  ['of the kernel', { kernelspec: { language: 'scala' } }, 'SCALA'],
  ['Python where nothing is said', {}, 'PYTHON'],
  ['Python for one that is not known here', { language_info: { name: 'julia' } }, 'PYTHON'],
])('takes the language %s', (_, metadata, language) => {
  expect(jupyterLanguage(bytes({ cells: [], metadata, nbformat: 4 }))).toBe(language)
})

it('knows a document by its keys', () => {
  expect(jupyterLanguage(bytes({ cells: [], metadata: {} }))).toBeUndefined()
  expect(jupyterLanguage(bytes('{}'))).toBeUndefined()
  expect(jupyterLanguage(bytes({ cells: [], nbformat: 4 }))).toBe('PYTHON')
})
