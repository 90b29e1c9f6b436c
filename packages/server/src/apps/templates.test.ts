// Every template of the repository is one that can be deployed.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { inspectSource, startCommand } from './start-command.ts'

const directory = path.resolve(import.meta.dirname, '../../../../templates')
const names = readdirSync(directory)

it('are the ones that the documents name', () => {
  expect(names.sort()).toEqual([
    'dash-hello-world',
    'fastapi-hello-world',
    'flask-hello-world',
    'gradio-hello-world',
    'node-hello-world',
    'notes-flask',
    'notes-node',
    'streamlit-hello-world',
  ])
})

it.each(names)('%s has a manifest, a start command and packages', async (name) => {
  const folder = path.join(directory, name)
  expect(parse(readFileSync(path.join(folder, 'manifest.yaml'), 'utf8'))).toMatchObject({
    version: 1,
    name,
    description: expect.any(String),
  })
  const source = await inspectSource(folder)
  expect(startCommand(source).length).toBeGreaterThan(1)
  const isNode = name.includes('node')
  expect(source.python === 'requirements').toBe(!isNode)
  expect(source.packageJson !== undefined).toBe(isNode)
})
