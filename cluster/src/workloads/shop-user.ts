/** A user of the shop's HTTP API: stays with one node while it answers, goes to the next one when it does not. */
import type { NodeAt } from '../verify/snapshot.ts'
import { ConnectionLost, type HttpAnswer, HttpConnection } from './http-connection.ts'
import type { Step } from './workload.ts'

/** A little more than the nodes' own deadline, so that their answer says how it ended. */
const timeoutMs = 13_000

export type Answered = { readonly step: Step; readonly body: string }

export class ShopUser {
  readonly #connections: readonly HttpConnection[]
  #at: number

  constructor(nodes: readonly NodeAt[], startAt: number) {
    this.#connections = nodes.map(({ url }) => new HttpConnection(url))
    this.#at = startAt % nodes.length
  }

  /** `done` is what a 200 counts as. */
  async post(path: string, done: string, waitMs: number = timeoutMs): Promise<Answered> {
    let why = ''
    for (let tries = 0; tries < this.#connections.length; tries++) {
      try {
        const answer = await this.#connection().request('POST', path, waitMs)
        return { step: stepOf(answer, done), body: answer.body }
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        this.#at = (this.#at + 1) % this.#connections.length
        if (error.sent) return { step: { outcome: 'unknown', reason: 'connection lost' }, body: '' }
        why = error.message
      }
    }
    return { step: { outcome: 'unavailable', reason: 'no node answers' }, body: why }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #connection(): HttpConnection {
    const connection = this.#connections[this.#at]
    if (connection === undefined) throw new Error('a shop has at least one node')
    return connection
  }
}

function stepOf({ status, body }: HttpAnswer, done: string): Step {
  if (status === 200) return { outcome: 'ok', reason: done }
  if (status >= 400 && status < 500) return { outcome: 'refused', reason: reasonOf(body) ?? String(status) }
  return { outcome: status === 503 ? 'unavailable' : 'unknown', reason: String(status) }
}

/** Of problem details: `outOfStock`, or the last part of the problem's type. */
function reasonOf(body: string): string | undefined {
  return (/"reason":"(\w+)"/.exec(body) ?? /"type":"urn:synod:problem:([\w-]+)"/.exec(body))?.[1]
}
