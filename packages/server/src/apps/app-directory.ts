// Where the files of one app lie and whose they are. The app's own (its home, its builds, its packages) belong to its account where it
// has one; the directories that they lie in are the workspace's, so that an app cannot put something else in their place.
import { readFile, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import { type Account, ownDirectory, passageFor } from './account.ts'
import { removeTree, runAs } from './remove-tree.ts'

export class AppDirectory {
  readonly path: string
  readonly account: Account | undefined
  /** Where packages are cached: shared between apps that are the same user, else the app's own, since whoever fills it could poison it. */
  readonly cache: string

  constructor(root: string, name: string, account: Account | undefined) {
    this.path = path.join(root, 'by-name', name)
    this.account = account
    this.cache = account ? path.join(this.path, 'cache') : path.join(root, 'cache')
  }

  get logs(): string {
    return path.join(this.path, 'logs')
  }

  get secret(): string {
    return path.join(this.path, 'client-secret')
  }

  get deployments(): string {
    return path.join(this.path, 'deployments')
  }

  deployment(id: string): string {
    return path.join(this.deployments, id)
  }

  /** Makes the directories above those that are the app's. */
  async prepare(): Promise<void> {
    await passageFor(this.path, this.account)
    await passageFor(this.deployments, this.account)
    if (this.account) await passageFor(this.cache, this.account)
    else await ensureDirectory(this.cache)
  }

  /** The app's HOME. One that an earlier version of the workspace left to itself is given to the app. */
  async home(): Promise<string> {
    await this.prepare()
    const home = path.join(this.path, 'home')
    await ensureDirectory(home)
    await this.#give(home)
    await ownDirectory(path.join(home, 'tmp'), this.account)
    return home
  }

  /** An empty directory for a deployment; what an interrupted one left in it goes. */
  async freshDeployment(id: string): Promise<string> {
    await this.prepare()
    await this.discardBuild(id)
    return passageFor(this.deployment(id), this.account)
  }

  /** Hands a tree of ours over to the app; links are handed over themselves, not what they name. */
  async handOver(directory: string): Promise<void> {
    if (!this.account) return
    const { uid, gid } = this.account
    const isDone = await runAs(undefined, 'chown', ['-R', '-h', `${uid}:${gid}`, directory])
    if (!isDone) throw new Error(`could not give ${directory} to the app's user ${uid}`)
  }

  /** Whether a build that lies there can be run by the app as it is now. */
  async owns(directory: string): Promise<boolean> {
    const found = await stat(directory).catch(() => undefined)
    return found !== undefined && (!this.account || found.uid === this.account.uid)
  }

  /** Removes everything of a deployment but its log. */
  async discardBuild(id: string): Promise<void> {
    for (const each of ['source', 'venv']) {
      const place = path.join(this.deployment(id), each)
      // A build that failed before its files were handed over left them ours, and the app may not remove them.
      await removeTree(place, (await this.owns(place)) ? this.account : undefined)
    }
  }

  /** Removes a deployment with its log. */
  async removeDeployment(id: string): Promise<void> {
    await this.discardBuild(id)
    await rm(this.deployment(id), { recursive: true, force: true })
  }

  /** Removes everything; nothing of the app may run any more. */
  async remove(): Promise<void> {
    await removeTree(path.join(this.path, 'home'), this.account)
    await removeTree(this.deployments, this.account).catch(() => undefined)
    if (this.account) await removeTree(this.cache, this.account).catch(() => undefined)
    await rm(this.path, { recursive: true, force: true })
  }

  /** What the owner's ~/.npmrc says of registries, without what is secret in it, for builds that do not see it; undefined when it says nothing. */
  async npmSettings(id: string): Promise<string | undefined> {
    const text = await readFile(path.join(homedir(), '.npmrc'), 'utf8').catch(() => '')
    const lines = text
      .split('\n')
      .filter((line) => /^\s*(?:@[^:=]+:)?(?:registry|cafile|strict-ssl)\s*=/.test(line))
    if (lines.length === 0) return undefined
    const file = path.join(this.deployment(id), 'npmrc')
    await writeFileAtomic(file, `${lines.join('\n')}\n`, { mode: 0o644 })
    return file
  }

  async #give(directory: string): Promise<void> {
    if (!(await this.owns(directory))) await this.handOver(directory)
  }
}
