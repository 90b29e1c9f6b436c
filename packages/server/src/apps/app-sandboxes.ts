// The sandbox of each run of an app: which files it sees, and which ports of this machine.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type AppRow, findApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { FinishedBuild } from '../metadata/deployments.ts'
import { isReachable } from './account.ts'
import type { AppDirectory } from './app-directory.ts'
import type { Hosting } from './hosting.ts'
import { APP_MARK } from './leftovers.ts'
import type { AppWorkspace } from './ports.ts'
import { layersDirectory } from './python-layers.ts'
import { interpreterPlace, type Places, programPlaces } from './sandbox/places.ts'
import { Sandbox } from './sandbox/sandbox.ts'

export interface AppSandboxesParts {
  /** Directory of all apps, which lies in that of the workspace. */
  readonly directory: string
  readonly metadata: Metadata
  readonly hosting: Hosting
  readonly workspace: AppWorkspace
  /** Ports of this machine that apps may use beside those of the workspace. */
  readonly localPorts: readonly number[]
}

export class AppSandboxes {
  readonly #parts: AppSandboxesParts

  constructor(parts: AppSandboxesParts) {
    this.#parts = parts
  }

  /** What a run of the app is kept in; undefined where this host lets us have none. */
  async of(row: AppRow, build: FinishedBuild, directory: AppDirectory): Promise<Sandbox | undefined> {
    const { hosting, workspace } = this.#parts
    if ((await hosting.sandboxes.isolation()).sandbox === 'none') return undefined
    return new Sandbox({
      account: directory.account,
      mark: hosting.marks?.make(),
      environment: { [APP_MARK]: hosting.mark },
      reachable: await this.#portsOf(row),
      isWorkspaceAway: !['127.0.0.1', 'localhost'].includes(new URL(workspace.host).hostname),
      places: await this.#placesOf(build, directory),
    })
  }

  /** The workspace, the app's own address, those of the apps among its resources, and what the settings name. */
  async #portsOf(row: AppRow): Promise<number[]> {
    const { workspace, metadata, localPorts } = this.#parts
    const ports = [...workspace.ports(), row.port, ...localPorts, ...proxyPorts()]
    for (const { app } of row.resources) {
      const peer = app && (await findApp(metadata.db, app.name))
      if (peer) ports.push(peer.port)
    }
    return [...new Set(ports)]
  }

  async #placesOf(build: FinishedBuild, directory: AppDirectory): Promise<Places> {
    const { hosting, workspace } = this.#parts
    const home = await directory.home()
    const hidden = path.dirname(path.resolve(this.#parts.directory))
    const search = [hosting.nodeDirectory, process.env['PATH'] ?? ''].join(path.delimiter)
    const programs = await reachable(programPlaces(search, hidden), directory)
    const packages = build.binDirectories.map((each) => path.dirname(each))
    const interpreters = build.binDirectories.flatMap((each) => interpreterPlace(each, hidden) ?? [])
    // Packages of a cache that apps share are nobody's to change.
    const shared = directory.account ? [] : packages.filter((each) => isIn(each, directory.cache))
    const layers = layersDirectory()
    return {
      own: [home, build.directory, ...packages.filter((each) => !shared.includes(each))],
      readable: [
        ...programs,
        ...interpreters,
        ...shared,
        ...(existsSync(layers) ? [layers] : []),
        workspace.caFile,
        ...trustedFiles(),
      ],
      temporary: path.join(home, 'tmp'),
      hidden,
    }
  }
}

function isIn(place: string, directory: string): boolean {
  return place.startsWith(`${directory}${path.sep}`)
}

/** An app that is a user of its own has no use for what is closed to others. */
async function reachable(places: readonly string[], { account }: AppDirectory): Promise<string[]> {
  if (!account) return [...places]
  const may = await Promise.all(places.map((each) => isReachable(each)))
  return places.filter((_, index) => may[index])
}

/** Of the ways to the network that apps are told of, those that lead through this machine. */
function proxyPorts(): number[] {
  const named = Object.entries(process.env).filter(([name]) => /^(https?|all)_proxy$/i.test(name))
  return named.flatMap(([, value = '']) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    const isHere = url !== undefined && ['127.0.0.1', 'localhost'].includes(url.hostname)
    return isHere && url.port !== '' ? [Number(url.port)] : []
  })
}

/** Certificates that apps are told to trust. */
function trustedFiles(): string[] {
  const names = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE']
  return names.flatMap((name) => process.env[name] ?? []).filter((each) => existsSync(each))
}
