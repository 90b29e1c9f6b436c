import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ConfigFile, readConfigFile, writeConfigFile } from './config-file.ts'

const SAMPLE = `; my profiles
[DEFAULT]
host  = https://cloud.example.com
token = dapi-1   

# the second one
[work]
host=https://work.example.com
client_id     = "abc"
client_secret = s

[__settings__]
default_profile = work
`

it('reads profiles as the SDKs do', () => {
  const file = new ConfigFile(SAMPLE)
  expect(file.profileNames).toEqual(['DEFAULT', 'work'])
  expect(file.defaultProfileName).toBe('work')
  expect(file.profile('DEFAULT')).toEqual({ host: 'https://cloud.example.com', token: 'dapi-1' })
  expect(file.profile('work')).toEqual({
    host: 'https://work.example.com',
    client_id: 'abc',
    client_secret: 's',
  })
  expect(file.profile('other')).toBeUndefined()
  expect(new ConfigFile('').defaultProfileName).toBe('DEFAULT')
  expect(new ConfigFile('host = http://a\n').profile('DEFAULT')).toEqual({ host: 'http://a' })
})

it('adds a profile and leaves every byte of the others', () => {
  const after = new ConfigFile(SAMPLE).withProfile('local', { host: 'http://127.0.0.1:8080', token: 't' })
  expect(after.toString()).toBe(`${SAMPLE}\n[local]\nhost = http://127.0.0.1:8080\ntoken = t\n`)
})

it('changes only the lines of its own profile', () => {
  const after = new ConfigFile(SAMPLE).withProfile('work', { host: 'http://127.0.0.1:1', token: 't' }, [
    'client_id',
    'client_secret',
  ])
  expect(after.toString()).toBe(
    SAMPLE.replace('host=https://work.example.com', 'host = http://127.0.0.1:1').replace(
      'client_id     = "abc"\nclient_secret = s\n',
      'token = t\n',
    ),
  )
})

it('keeps whatever other profiles are there, whatever is written', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  const value = fc.stringMatching(/^[a-z0-9:/.]{1,12}$/)
  const sections = fc.uniqueArray(fc.record({ name: word, key: word, value, comment: word }), {
    selector: ({ name }) => name,
    maxLength: 5,
  })
  fc.assert(
    fc.property(sections, value, (others, host) => {
      const text = others
        .map((each) => `# ${each.comment}\n[${each.name}]\n${each.key} = ${each.value}\n\n`)
        .join('')
      const after = new ConfigFile(text).withProfile('NEW', { host }).withProfile('NEW', { token: 't' })
      expect(after.toString().startsWith(text.trimEnd())).toBe(true)
      expect(after.profile('NEW')).toEqual({ host, token: 't' })
      for (const each of others) expect(after.profile(each.name)).toEqual({ [each.key]: each.value })
    }),
  )
})

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-cfg-'))
})

afterEach(() => rm(directory, { recursive: true }))

it('writes for the owner only and keeps the file before', async () => {
  const file = path.join(directory, '.databrickscfg')
  expect((await readConfigFile(file)).profileNames).toEqual([])
  await writeFile(file, SAMPLE, { mode: 0o644 })
  await writeConfigFile(file, (await readConfigFile(file)).withProfile('x', { host: 'http://h' }))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readFile(`${file}.bak`, 'utf8')).toBe(SAMPLE)
  expect((await readConfigFile(file)).profile('x')).toEqual({ host: 'http://h' })
})
