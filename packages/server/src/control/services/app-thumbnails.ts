// The service behind the pictures of apps.
import { getApp } from '../../apps/app-rows.ts'
import { LakeletError } from '../../base/errors.ts'
import { deleteThumbnail, findThumbnail, putThumbnail } from '../../metadata/app-thumbnails.ts'
import type { Metadata } from '../../metadata/database.ts'
import { pictureOf } from '../rules/thumbnail.ts'

export class AppThumbnailsService {
  readonly #metadata: Metadata

  constructor(metadata: Metadata) {
    this.#metadata = metadata
  }

  async put(name: string, base64: string | undefined): Promise<{ thumbnail: string }> {
    await getApp(this.#metadata.db, name)
    const picture = pictureOf(base64)
    await putThumbnail(this.#metadata.db, name, picture)
    return { thumbnail: picture.toString('base64') }
  }

  /** LakeletError `app_has_no_thumbnail`. */
  async get(name: string): Promise<Uint8Array> {
    await getApp(this.#metadata.db, name)
    const picture = await findThumbnail(this.#metadata.db, name)
    if (!picture) throw new LakeletError('app_has_no_thumbnail', { name })
    return picture
  }

  async delete(name: string): Promise<void> {
    await getApp(this.#metadata.db, name)
    await deleteThumbnail(this.#metadata.db, name)
  }
}
