import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseProfiles } from './databrickscfg.ts'
import { authTypeOf } from './workspace-login.ts'
import { workspaceSettings } from './workspace-settings.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'lakelet-connect-cfg-'))
const DATABRICKS_CONFIG_FILE = path.join(directory, 'cfg')
writeFileSync(
  DATABRICKS_CONFIG_FILE,
  `; a comment
[__settings__]
default_profile = dev
[DEFAULT]
host = https://default.example
token = dapi1
[dev]
host=https://dev.example/some/path?o=1
client_id = id
client_secret = a=b;c
`,
)
afterAll(() => rmSync(directory, { recursive: true }))

test('a profile file is read as the SDKs read it', () => {
  const profiles = parseProfiles('[a]\r\nhost = h\r\n# no\r\n\r\n[a]\r\ntoken = t\n[b]\nnonsense\n')
  expect(profiles.get('a')).toEqual({ host: 'h', token: 't' })
  expect(profiles.get('b')).toEqual({})
})

describe('the workspace and the way in', () => {
  test('environment first; the file is not even read', () => {
    const settings = workspaceSettings(
      {},
      { DATABRICKS_HOST: 'ws.example', DATABRICKS_TOKEN: 't', DATABRICKS_CONFIG_FILE },
    )
    expect(settings).toEqual({ host: 'https://ws.example', token: 't' })
    expect(authTypeOf(settings)).toBe('pat')
  })

  test('the default profile when nothing else is said', () => {
    const settings = workspaceSettings({}, { DATABRICKS_CONFIG_FILE })
    expect(settings).toEqual({
      host: 'https://dev.example',
      clientId: 'id',
      clientSecret: 'a=b;c',
      profile: 'dev',
    })
    expect(authTypeOf(settings)).toBe('oauth-m2m')
  })

  test('a named profile', () => {
    expect(workspaceSettings({ profile: 'DEFAULT' }, { DATABRICKS_CONFIG_FILE }).token).toBe('dapi1')
    expect(() => workspaceSettings({ profile: 'x' }, { DATABRICKS_CONFIG_FILE })).toThrow(
      /no profile 'x'; it has: DEFAULT, dev/,
    )
  })

  test('a pinned type must be configured, and known', () => {
    const env = {
      DATABRICKS_HOST: 'https://h',
      DATABRICKS_TOKEN: 't',
      DATABRICKS_CLIENT_ID: 'i',
      DATABRICKS_CLIENT_SECRET: 's',
    }
    expect(authTypeOf(workspaceSettings({ authType: 'oauth-m2m' }, env))).toBe('oauth-m2m')
    expect(() => authTypeOf(workspaceSettings({ authType: 'basic' }, env))).toThrow(
      /what it needs is not set/,
    )
    expect(() => authTypeOf(workspaceSettings({ authType: 'azure-cli' }, env))).toThrow(/not supported/)
  })

  test('no workspace at all', () => {
    expect(() => workspaceSettings({}, { DATABRICKS_CONFIG_FILE: '/nowhere' })).toThrow(/set DATABRICKS_HOST/)
  })
})
