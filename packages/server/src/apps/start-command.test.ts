import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { inspectSource, startCommand, withPort } from './start-command.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-source-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

it.each([
  ['app.yaml', { 'app.yaml': 'command: [a, b]', 'x.py': '' }, ['a', 'b']],
  ['app.yml', { 'app.yml': 'command: [a, b]' }, ['a', 'b']],
  ['the start script', { 'package.json': '{"scripts":{"start":"x"}}', 'x.py': '' }, ['npm', 'run', 'start']],
  ['app.py', { 'aaa.py': '', 'app.py': '' }, ['python', 'app.py']],
  ['the first Python file', { 'b.py': '', 'a.py': '' }, ['python', 'a.py']],
])('starts %s', async (_what, files, command) => {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text)
  expect(startCommand(await inspectSource(directory))).toEqual(command)
})

it.each([
  [{ 'requirements.txt': 'flask' }, 'requirements'],
  [{ 'pyproject.toml': '', 'uv.lock': '' }, 'uv'],
  [{ 'requirements.txt': '', 'pyproject.toml': '', 'uv.lock': '' }, 'requirements'],
  [{ 'app.py': '' }, 'plain'],
  [{ 'app.yaml': 'command: [/usr/bin/python3, -m, http.server]' }, 'plain'],
  [{ 'package.json': '{}', 'tool.py': '' }, 'none'],
  [{ 'app.yaml': 'command: [node, a.js]', 'tool.py': '' }, 'none'],
])('sees in %j whether Python is needed', async (files, python) => {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text)
  expect((await inspectSource(directory)).python).toBe(python)
})

it.each([
  ['{', /^package\.json, line 1, column 1: /],
  ['{"scripts": 1}', /scripts: not as npm expects it/],
])('refuses the package.json %s', async (text, message) => {
  await writeFile(path.join(directory, 'package.json'), text)
  await expect(inspectSource(directory)).rejects.toThrow(message)
})

it('replaces the port and no other variable', () => {
  expect(
    withPort(
      ['x', '--port=$DATABRICKS_APP_PORT', '${DATABRICKS_APP_PORT}', '$DATABRICKS_APP_PORTS', '$HOME'],
      9,
    ),
  ).toEqual(['x', '--port=9', '9', '$DATABRICKS_APP_PORTS', '$HOME'])
})
