// The sandbox of each run of an app: which files it sees, and which ports of this machine.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type AppRow, findApp } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { FinishedBuild } from '../metadata/deployments.ts'
import { isReachable } from './account.ts'
import type { AppDirectory } from './app-directory.ts'
import type { BuildOptions } from './build-options.ts'
import type { Hosting } from './hosting.ts'
import { APP_MARK } from './leftovers.ts'
import type { AppWorkspace } from './ports.ts'
import { layersDirectory } from './python-layers.ts'
import { type Places, programPlace, programPlaces } from './sandbox/places.ts'
import { Sandbox, type SandboxOptions } from './sandbox/sandbox.ts'

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
    if (!(await this.areThere())) return undefined
    const places = await this.#placesOf(build, directory)
    const reachable = await this.#portsOf(row)
    return this.#sandbox(directory, {
      places,
      reachable,
      https: this.#parts.workspace.tlsPort,
      hasWayIn: true,
    })
  }

  /**
   * What the commands of a build are kept in, each with what it writes to: of this machine's loopback they reach the registries, and of
   * files the programs and the app's own. Undefined where this host lets us have none.
   */
  async ofBuild(directory: AppDirectory, deployment: string): Promise<BuildOptions['sandboxFor']> {
    if (!(await this.areThere())) return undefined
    const { temporary, home, hidden, readable } = await this.#commonPlaces(directory)
    const settings = await directory.npmSettings(deployment)
    const reachable = [...new Set([...proxyPorts(), ...(await registryPorts(settings))])]
    return (own, programs = []) => {
      const interpreters = programs.flatMap((each) => programPlace(each, hidden) ?? [])
      const packages = packageFolders()
      const seen = [...readable, ...interpreters, ...packages, ...(settings === undefined ? [] : [settings])]
      const places = { own: [home, ...own], readable: seen, temporary, hidden }
      return this.#sandbox(directory, { places, reachable, hasWayIn: false })
    }
  }

  /** Whether this host lets us have some. */
  async areThere(): Promise<boolean> {
    return (await this.#parts.hosting.sandboxes.isolation()).sandbox === 'own'
  }

  /** What a run of the build may write to. */
  async ownPlaces(build: FinishedBuild, directory: AppDirectory): Promise<string[]> {
    const packages = build.binDirectories.map((each) => path.dirname(each))
    return [
      await directory.home(),
      build.directory,
      ...packages.filter((each) => !isShared(each, directory) && !isIn(each, build.directory)),
    ]
  }

  #sandbox(
    { account }: AppDirectory,
    options: Pick<SandboxOptions, 'places' | 'reachable' | 'https' | 'hasWayIn'>,
  ): Sandbox {
    const { hosting, workspace } = this.#parts
    return new Sandbox({
      account,
      mark: hosting.marks?.make(),
      environment: { [APP_MARK]: hosting.mark },
      isWorkspaceAway: !['127.0.0.1', 'localhost'].includes(new URL(workspace.host).hostname),
      ...options,
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
    const { temporary, hidden, readable } = await this.#commonPlaces(directory)
    const bins = build.binDirectories
    const shared = bins.map((each) => path.dirname(each)).filter((each) => isShared(each, directory))
    const interpreters = bins.flatMap((each) => programPlace(path.join(each, 'python'), hidden) ?? [])
    return {
      own: await this.ownPlaces(build, directory),
      readable: [...readable, ...interpreters, ...shared, this.#parts.workspace.caFile],
      temporary,
      hidden,
    }
  }

  /** What runs and builds see alike. */
  async #commonPlaces(directory: AppDirectory): Promise<Omit<Places, 'own'> & { readonly home: string }> {
    const { hosting } = this.#parts
    const home = await directory.home()
    const hidden = path.dirname(path.resolve(this.#parts.directory))
    const search = [hosting.nodeDirectory, process.env['PATH'] ?? ''].join(path.delimiter)
    const programs = await reachable(programPlaces(search, hidden), directory)
    const layers = layersDirectory()
    const readable = [...programs, ...(existsSync(layers) ? [layers] : []), ...trustedFiles()]
    return { home, readable, temporary: path.join(home, 'tmp'), hidden }
  }
}

/** Packages of a cache that apps share are nobody's to change. */
function isShared(place: string, { account, cache }: AppDirectory): boolean {
  return !account && isIn(place, cache)
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

/** Registries on this machine that builds are told of. */
async function registryPorts(npmSettings: string | undefined): Promise<number[]> {
  const settings = npmSettings === undefined ? '' : await readFile(npmSettings, 'utf8')
  const told = Object.entries(process.env).filter(([name]) => /^(npm_config|PIP|UV)_/i.test(name))
  const text = [settings, ...told.map(([, value]) => value)].join('\n')
  return [...text.matchAll(/https?:\/\/(?:127\.0\.0\.1|localhost):(\d+)/g)].map((each) => Number(each[1]))
}

/** Folders with packages that builds are told of. */
function packageFolders(): string[] {
  const named = [process.env['PIP_FIND_LINKS'], process.env['UV_FIND_LINKS']].join(' ').split(/[\s,]+/)
  return named.filter((each) => path.isAbsolute(each) && existsSync(each))
}

/** Certificates that apps are told to trust. */
function trustedFiles(): string[] {
  const names = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'PIP_CERT']
  return names.flatMap((name) => process.env[name] ?? []).filter((each) => existsSync(each))
}
