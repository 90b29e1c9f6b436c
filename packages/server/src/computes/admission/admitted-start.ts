// The start of one compute's server, once there is room for it; the room is given back when the server has ended.
import type { ComputeServer } from '../compute-server.ts'
import type { RunningServer } from '../drivers/driver.ts'
import type { EndpointSpec } from '../ports.ts'
import type { Admission } from './admission.ts'

export interface AdmittedStartOptions {
  /** Everybody may start where it is undefined. */
  readonly admission: Admission | undefined
  readonly server: ComputeServer
  /** What the server takes; undefined until it is measured. Bytes. */
  readonly memoryBytes: () => number | undefined
}

export class AdmittedStart {
  readonly #options: AdmittedStartOptions
  #isWaiting = false

  constructor(options: AdmittedStartOptions) {
    this.#options = options
  }

  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Throws as `Admission.enter` and `ComputeServer.start` do. */
  async start(spec: EndpointSpec): Promise<RunningServer> {
    using room = new DisposableStack()
    const admitted = await this.#enter(spec)
    if (admitted) room.use(admitted)
    const server = await this.#options.server.start(spec)
    const taken = room.move()
    void server.exited.then(() => taken.dispose())
    return server
  }

  /** One that was awake before anybody asked. */
  adopt(spec: EndpointSpec, running: RunningServer): void {
    const { admission, server, memoryBytes } = this.#options
    const taken = admission?.enterAnyway({ project: spec.countsTo, memoryBytes })
    server.adopt(spec, running)
    void running.exited.then(() => taken?.[Symbol.dispose]())
  }

  async #enter({ countsTo: project }: EndpointSpec): Promise<Disposable | undefined> {
    const { admission, server, memoryBytes } = this.#options
    this.#isWaiting = true
    try {
      return await admission?.enter({ project, memoryBytes }, server.closing)
    } finally {
      this.#isWaiting = false
    }
  }
}
