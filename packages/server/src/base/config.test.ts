import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './config.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'lakelet-config-'))
  file = path.join(directory, 'lakelet.toml')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe('loadConfig', () => {
  it('gives the defaults where nothing is set', () => {
    expect(loadConfig({ file })).toMatchObject({
      region: 'local',
      credentials: { defaultTtlSeconds: 3600, minTtlSeconds: 300 },
    })
  })

  it('lets the environment win over the file and flags over both', () => {
    writeFileSync(file, 'region = "a"\n[credentials]\ndefaultTtlSeconds = 100\nminTtlSeconds = 10\n')
    const env = { LAKELET_CREDENTIALS_DEFAULT_TTL_SECONDS: '200', LAKELET_REGION: 'b', HOME: '/x' }
    const config = loadConfig({ file, env, flags: { region: 'c' } })
    expect(config.region).toBe('c')
    expect(config.credentials).toEqual({ defaultTtlSeconds: 200, minTtlSeconds: 10 })
  })

  it('names the nearest setting for an unknown key', () => {
    writeFileSync(file, '[credentials]\ndefaultTtlSecond = 100\n')
    expect(() => loadConfig({ file })).toThrow(
      `${file}: there is no setting 'credentials.defaultTtlSecond'; did you mean 'credentials.defaultTtlSeconds'?`,
    )
  })

  it('names the nearest variable for an unknown one', () => {
    expect(() => loadConfig({ env: { LAKELET_REGIO: 'x' } })).toThrow("did you mean 'LAKELET_REGION'?")
  })

  it('says where broken TOML breaks', () => {
    writeFileSync(file, 'region = "a"\nregion =\n')
    expect(() => loadConfig({ file })).toThrow(/line 2, column \d+/)
  })

  it('refuses a value of the wrong kind', () => {
    expect(() => loadConfig({ env: { LAKELET_SCALE_TO_ZERO_DEFAULT_SECONDS: 'soon' } })).toThrow(
      "the environment: 'scaleToZero.defaultSeconds'",
    )
  })
})
