// A connection to a server in memory.
import type { AdminAddress, AdminConnection, AdminOptions } from '../../postgres/index.ts'

interface ConnectedServer {
  readonly isOver: boolean
  admin(options: AdminOptions): Promise<AdminConnection>
}

/** A connection that is there until the server ends; it cannot be asked anything. */
export class SimulatedConnection implements AdminConnection {
  readonly #server: ConnectedServer
  readonly #purpose: string

  constructor(server: ConnectedServer, purpose: string) {
    this.#server = server
    this.#purpose = purpose
  }

  address(): AdminAddress {
    throw this.#problem()
  }

  async open(): Promise<AdminConnection> {
    return this.#server.admin({ purpose: this.#purpose })
  }

  transaction<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }

  async query<Row extends object>(): Promise<Row[]> {
    throw this.#problem()
  }

  async execute(): Promise<void> {
    throw this.#problem()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #problem(): Error {
    return this.#server.isOver ? lost() : new Error('a simulated server runs no SQL')
  }
}

/** As the sockets of Node say that nobody listens. */
export function lost(): Error {
  return Object.assign(new Error('connect ECONNREFUSED (simulated)'), { code: 'ECONNREFUSED' })
}
