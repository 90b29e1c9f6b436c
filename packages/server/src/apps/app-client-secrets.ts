// The OAuth secret that an app runs with: issued once and kept with the app's files, since the workspace itself only stores what
// verifies it.
import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../base/files.ts'
import { KeyedMutex } from '../base/mutex.ts'
import type { AppRow } from '../metadata/apps.ts'
import type { AppDirectories } from './app-directories.ts'
import type { PrincipalSecrets } from './ports.ts'

export class AppClientSecrets {
  readonly #directories: AppDirectories
  readonly #secrets: PrincipalSecrets
  readonly #mutex = new KeyedMutex<string>()

  constructor(directories: AppDirectories, secrets: PrincipalSecrets) {
    this.#directories = directories
    this.#secrets = secrets
  }

  async of(row: AppRow): Promise<string> {
    const directory = await this.#directories.of(row)
    const file = directory.secret
    return this.#mutex.run(file, async () => {
      const known = await readFile(file, 'utf8').catch(() => '')
      if (known !== '') return known
      const secret = await rotate(this.#secrets, row.service_principal_id)
      await directory.prepare()
      await writeFileAtomic(file, secret)
      return secret
    })
  }
}

/** A new secret; the one before stays, since an earlier run may still serve with it, and older ones go. */
async function rotate(secrets: PrincipalSecrets, principalId: number): Promise<string> {
  const earlier = [...(await secrets.list(principalId))].sort((a, b) => b.createdAt - a.createdAt)
  const { secret } = await secrets.create(principalId)
  for (const each of earlier.slice(1)) await secrets.revoke(principalId, each.id)
  return secret
}
