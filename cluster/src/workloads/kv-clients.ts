/** The client library for workloads: a few sockets for any number of users, and errors as outcomes. */
import {
  type Client,
  connect,
  DefiniteError,
  IndefiniteError,
  Refused,
  Unavailable,
} from '../client/index.ts'
import type { NodeAt } from '../verify/snapshot.ts'
import type { Step } from './workload.ts'

export const keyspace = 'kv'
const clientsPerNode = 2

export class KvClients {
  readonly #clients: readonly Client[]

  constructor(nodes: readonly NodeAt[], users: number) {
    const urls = nodes.map(({ url }) => url)
    const count = Math.min(users, nodes.length * clientsPerNode)
    this.#clients = Array.from({ length: count }, (_, at) => connect(urls, { startAt: at }))
  }

  of(user: number): Client {
    const client = this.#clients[user % this.#clients.length]
    if (client === undefined) throw new Error('there is at least one user')
    return client
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}

/** Throws what the client library does not declare: that is a defect, not an outcome. */
export function failedStep(error: unknown): Step {
  if (error instanceof Refused) return { outcome: 'refused', reason: error.reason }
  if (error instanceof Unavailable) return { outcome: 'unavailable', reason: 'unavailable' }
  if (error instanceof DefiniteError) return { outcome: 'refused', reason: error.message }
  if (error instanceof IndefiniteError) return { outcome: 'unknown', reason: 'unknown' }
  throw error
}

/** What a history says of a failed operation: only a definite error is a `fail`. */
export function historyOutcome(step: Step): 'ok' | 'fail' | 'unknown' {
  if (step.outcome === 'ok') return 'ok'
  return step.outcome === 'unknown' ? 'unknown' : 'fail'
}

/** Keys that no other run uses: nothing of an earlier run can arrive late at them. */
export function runName(): string {
  return Date.now().toString(36)
}

export function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}
