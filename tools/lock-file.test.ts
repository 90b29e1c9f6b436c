import { expect, it } from 'vitest'
import { completeLock, platformOf, unpinned } from './lock-file.ts'

it('reads platforms from names', () => {
  expect(platformOf('@x/binding-linux-arm-musleabihf')).toEqual({
    os: ['linux'],
    cpu: ['arm'],
    libc: ['musl'],
  })
  expect(platformOf('@x/binding-win32-x64-msvc')).toEqual({ os: ['win32'], cpu: ['x64'] })
  expect(platformOf('@x-tool/darwin-arm64')).toEqual({ os: ['darwin'], cpu: ['arm64'] })
  expect(platformOf('fsevents')).toBeUndefined()
})

it('lists each missing platform once and leaves a complete lock as it is', () => {
  const optionalDependencies = { '@x/linux-x64': '1.0.0', '@x/darwin-x64': '1.0.0' }
  const lock = {
    packages: { 'node_modules/x': { dev: true, optionalDependencies }, 'node_modules/@x/linux-x64': {} },
  }
  expect(completeLock(lock)).toEqual(['@x/darwin-x64@1.0.0'])
  expect(lock.packages).toHaveProperty(['node_modules/@x/darwin-x64'], {
    version: '1.0.0',
    os: ['darwin'],
    cpu: ['x64'],
    dev: true,
    optional: true,
  })
  expect(completeLock(lock)).toEqual([])
})

it('names what our own packages do not pin', () => {
  const own = {
    dependencies: { a: '1.2.3', b: 'undefined' },
    devDependencies: { c: 'npm:a@1.0.0-beta.1', d: '^2.0.0' },
  }
  const packages = { '': { optionalDependencies: { e: 'latest' } }, 'packages/x': own }
  expect(unpinned({ packages: { ...packages, 'node_modules/y': { dependencies: { z: '*' } } } })).toEqual([
    '.: e@latest',
    'packages/x: b@undefined',
    'packages/x: d@^2.0.0',
  ])
})
