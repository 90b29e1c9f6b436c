import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { asTyped, commandName } from './command-name.ts'

it('names what can be typed where it runs', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'lakelet-name-'))
  try {
    const project = path.join(root, 'node_modules/lakelet/dist/bin.js')
    const node = path.join(root, 'bin/node')
    await mkdir(path.join(root, 'bin'))
    await writeFile(path.join(root, 'package.json'), '{}')
    expect(commandName(project, {}, node)).toBe('npx lakelet')
    expect(commandName('/clone/packages/cli/src/bin.ts', {}, node)).toBe('lakelet')
    expect(commandName('/clone/bin.ts', { npm_package_name: 'lakelet-workspace' }, node)).toBe(
      'npm run lakelet --',
    )
    await writeFile(path.join(root, 'bin/lakelet'), '')
    expect(commandName(path.join(root, 'lib/node_modules/lakelet/bin.js'), {}, node)).toBe('lakelet')
    expect(commandName(project, {}, node)).toBe('npx lakelet')
  } finally {
    await rm(root, { recursive: true })
  }
})

it('changes quoted commands and nothing else', () => {
  expect(asTyped("Run 'lakelet auth login' or `lakelet up`; a lakelet is small.", 'npx lakelet')).toBe(
    "Run 'npx lakelet auth login' or `npx lakelet up`; a lakelet is small.",
  )
})
