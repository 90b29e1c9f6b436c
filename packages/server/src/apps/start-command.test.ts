import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { inspectSource, onLoopback, startCommand, withPort } from './start-command.ts'

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

it.each([
  [
    ['flask', 'run', '--host', '0.0.0.0'],
    ['flask', 'run', '--host', '127.0.0.1'],
  ],
  [
    ['gunicorn', '--bind=0.0.0.0:8000', '-b', '[::]:8000'],
    ['gunicorn', '--bind=127.0.0.1:8000', '-b', '127.0.0.1:8000'],
  ],
  [
    ['sh', '-c', 'uvicorn a:b --host 0.0.0.0'],
    ['sh', '-c', 'uvicorn a:b --host 127.0.0.1'],
  ],
  [
    ['x', '--host', '::'],
    ['x', '--host', '127.0.0.1'],
  ],
  [
    ['x', '10.0.0.0.0', '0.0.0.0/0', '20.0.0.0', 'std::string'],
    ['x', '10.0.0.0.0', '0.0.0.0/0', '20.0.0.0', 'std::string'],
  ],
])('%j listens on loopback', (command, expected) => {
  expect(onLoopback(command)).toEqual(expected)
})

it.each([
  [{ 'pyproject.toml': '[project]\nname = "a"', 'app.py': '' }, 'uv'],
  [{ 'pyproject.toml': '[tool.ruff]', 'app.py': '' }, 'plain'],
  [{ 'pyproject.toml': '[project]', 'package.json': '{}' }, 'none'],
  [{ 'app.yaml': "command: ['sh', '-c', 'gunicorn app:app']", 'app.py': '' }, 'plain'],
])('sees in %j how Python packages are named', async (files, python) => {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), text)
  expect((await inspectSource(directory)).python).toBe(python)
})
