// An S3-compatible store, by AWS' own client, which is loaded only where an archive is configured. Region, credentials and endpoint come from
// where that client takes them (AWS_* variables, ~/.aws) unless the settings say otherwise.
import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { LakeletError } from '../base/errors.ts'
import { DamagedObject, type ObjectStore, type StoredObject, StoreFailure } from './object-store.ts'

export interface S3Options {
  /** `s3://bucket/prefix` */
  readonly url: string
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** Most bytes that are sent in a second; 0 = as many as go. */
  readonly bytesPerSecond?: number
}

/** Longest pause of a store that takes or gives an object. */
const SILENT_MS = 30_000
const CONNECT_MS = 5_000
/** By the client itself, with pauses and as the store's Retry-After says; what fails after that is told and tried later. */
const TRIES = 3
/** Of one request to delete (S3 API, DeleteObjects). */
const MOST_DELETED = 1000

type Sdk = typeof import('@aws-sdk/client-s3')

/** Splits `s3://bucket/prefix`. LakeletError `config_invalid`. */
export function parseS3Url(url: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url) ?? []
  if (bucket === undefined)
    throw new LakeletError('config_invalid', {
      source: 'archive.url',
      reason: `'${url}' is not of the form s3://bucket/prefix`,
    })
  return { bucket, prefix: prefix.replace(/\/+$/, '') }
}

/** Connects to nothing yet. LakeletError `config_invalid`. */
export async function openS3(options: S3Options): Promise<ObjectStore> {
  const place = parseS3Url(options.url)
  const sdk = await import('@aws-sdk/client-s3')
  const { endpoint, region } = options
  const client = new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(process.env['AWS_ENDPOINT_URL_S3'] || process.env['AWS_ENDPOINT_URL']
      ? { forcePathStyle: true }
      : {}),
    // A store with an endpoint of its own seldom has regions, and the client insists on one.
    ...regionOf(region, endpoint),
    maxAttempts: TRIES,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: 4 * SILENT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: SILENT_MS,
    },
  })
  return new S3Store(sdk, client, { ...place, url: options.url, bytesPerSecond: options.bytesPerSecond ?? 0 })
}

function regionOf(region: string | undefined, endpoint: string | undefined): { region?: string } {
  if (region !== undefined) return { region }
  const isKnown = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
  return isKnown === undefined && endpoint !== undefined ? { region: 'us-east-1' } : {}
}

class S3Store implements ObjectStore {
  readonly url: string
  readonly #sdk: Sdk
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string
  readonly #bytesPerSecond: number
  /** When what was sent so far may have been sent. */
  #free = 0

  constructor(
    sdk: Sdk,
    client: S3Client,
    options: {
      readonly bucket: string
      readonly prefix: string
      readonly url: string
      readonly bytesPerSecond: number
    },
  ) {
    this.#sdk = sdk
    this.#client = client
    this.#bucket = options.bucket
    this.#prefix = options.prefix === '' ? '' : `${options.prefix}/`
    this.url = options.url
    this.#bytesPerSecond = options.bytesPerSecond
  }

  async put(name: string, content: Buffer): Promise<'written' | 'exists'> {
    await this.#slow(content.length)
    const sha256 = createHash('sha256').update(content).digest('base64')
    const command = new this.#sdk.PutObjectCommand({
      ...this.#at(name),
      Body: content,
      ContentLength: content.length,
      ChecksumSHA256: sha256,
      IfNoneMatch: '*',
    })
    try {
      const { ChecksumSHA256: kept } = await this.#client.send(command)
      if (kept !== undefined && kept !== sha256)
        throw new StoreFailure(`it says that ${name} arrived changed`, { isPassing: true })
      return 'written'
    } catch (error) {
      if (statusOf(error) === 412) return 'exists'
      throw failureOf(error, `writing ${name}`)
    }
  }

  /** The client tries again what fails before an answer begins; what ends in the middle of one is tried again here. */
  async get(name: string): Promise<Buffer | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#getOnce(name)
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined
        const isDamaged = error instanceof Error && error.message.startsWith('Checksum mismatch')
        if (isDamaged && tries >= TRIES)
          throw new DamagedObject('it is not what the store has the checksum of', { cause: error })
        const failure = failureOf(error, `reading ${name}`)
        if (!failure.isPassing || statusOf(error) !== undefined || tries >= TRIES) throw failure
      }
    }
  }

  async #getOnce(name: string): Promise<Buffer> {
    const { Body: body, ContentLength: length } = await this.#client.send(
      new this.#sdk.GetObjectCommand({ ...this.#at(name), ChecksumMode: 'ENABLED' }),
    )
    const content = Buffer.from((await body?.transformToByteArray()) ?? [])
    if (length !== undefined && content.length !== length)
      throw new StoreFailure(`${name} came cut: ${content.length} of ${length} bytes`, { isPassing: true })
    return content
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    let token: string | undefined
    do {
      const page = await this.#client
        .send(
          new this.#sdk.ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: `${this.#prefix}${prefix}`,
            ...(token === undefined ? {} : { ContinuationToken: token }),
            ...(after === undefined || token !== undefined ? {} : { StartAfter: `${this.#prefix}${after}` }),
          }),
        )
        .catch((error: unknown) => {
          throw failureOf(error, `listing ${prefix}`)
        })
      for (const { Key: key, Size: bytes = 0, LastModified: time = new Date(0) } of page.Contents ?? []) {
        if (key !== undefined) yield { name: key.slice(this.#prefix.length), bytes, time }
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async delete(names: readonly string[]): Promise<void> {
    for (let at = 0; at < names.length; at += MOST_DELETED) {
      const some = names.slice(at, at + MOST_DELETED)
      const objects = some.map((name) => ({ Key: `${this.#prefix}${name}` }))
      const command = new this.#sdk.DeleteObjectsCommand({
        Bucket: this.#bucket,
        Delete: { Objects: objects, Quiet: true },
      })
      const { Errors: errors = [] } = await this.#client.send(command).catch((error: unknown) => {
        throw failureOf(error, `deleting ${some.length} objects`)
      })
      if (errors[0])
        throw new StoreFailure(`deleting ${errors[0].Key}: ${errors[0].Message ?? errors[0].Code}`, {
          isPassing: true,
        })
    }
  }

  close(): void {
    this.#client.destroy()
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${name}` }
  }

  async #slow(bytes: number): Promise<void> {
    if (this.#bytesPerSecond === 0) return
    const now = performance.now()
    const from = Math.max(now, this.#free)
    this.#free = from + (bytes / this.#bytesPerSecond) * 1000
    if (from > now) await new Promise((resolve) => setTimeout(resolve, from - now))
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
}

const WHAT_HELPS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'the bucket does not exist; make it, or name another one in archive.url',
  AccessDenied: 'the credentials may not do that; they need to list, read, write and delete objects there',
  InvalidAccessKeyId: 'the access key is not known; look at AWS_ACCESS_KEY_ID or ~/.aws/credentials',
  SignatureDoesNotMatch: 'the secret key is wrong; look at AWS_SECRET_ACCESS_KEY or ~/.aws/credentials',
  RequestTimeTooSkewed: 'the clocks of this machine and of the store differ; set this one right',
  CredentialsProviderError:
    'there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials',
  NotImplemented:
    'the store does not know conditional writes (If-None-Match), which keep objects from being overwritten',
}

function failureOf(error: unknown, doing: string): StoreFailure {
  if (error instanceof StoreFailure) return error
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const help = WHAT_HELPS[name] ?? (message === '' ? name : message)
  const status = statusOf(error)
  const said = status === undefined ? name : `${name}, HTTP ${status}`
  return new StoreFailure(`${doing}: ${help} (${said})`, { cause: error, isPassing: !(name in WHAT_HELPS) })
}
