/** Transactions that append to lists and read them whole: a history for the serializability checker (Elle). */
import type { Operation } from '../client/index.ts'
import type { Finding } from '../verify/finding.ts'
import { below, failedStep, historyOutcome, KvClients, keyspace, runName } from './kv-clients.ts'
import type { Setup, Step, Workload } from './workload.ts'

const mostSteps = 4
/** A list that has grown this long is left, and a new one begun: reads of long lists cost more than they show. */
const mostAppends = 250

export class Append implements Workload {
  readonly unit = 'transactions'
  readonly #setup: Setup
  readonly #clients: KvClients
  readonly #prefix = `append-${runName()}-`
  readonly #lists: { generation: number; appends: number }[]
  #elements = 0

  constructor(setup: Setup) {
    this.#setup = setup
    this.#clients = new KvClients(setup.nodes, setup.users)
    this.#lists = Array.from({ length: setup.keys }, () => ({ generation: 0, appends: 0 }))
  }

  prepare(): Promise<void> {
    return Promise.resolve()
  }

  step(user: number): Promise<Step> | undefined {
    return this.#setup.history?.full === true ? undefined : this.#run(user)
  }

  finish(): Promise<readonly Finding[]> {
    return Promise.resolve([])
  }

  close(): void {
    this.#clients.close()
  }

  async #run(user: number): Promise<Step> {
    const { history } = this.#setup
    const operations = Array.from({ length: 1 + below(mostSteps) }, () => this.#operation())
    const call = history?.now() ?? 0
    let step: Step = { outcome: 'ok', reason: 'committed' }
    let outputs: readonly unknown[] = []
    try {
      const results = await this.#clients.of(user).run(operations)
      outputs = results.map(result => ('value' in result ? result.value : undefined))
    } catch (error) {
      step = failedStep(error)
    }
    const outcome = historyOutcome(step)
    const txn = operations.map((operation, at) =>
      operation.op === 'append'
        ? ['append', operation.key, operation.value]
        : ['r', operation.key, outputs[at] ?? null],
    )
    const end = outcome === 'unknown' ? {} : { return: history?.now() }
    history?.write({ client: `u${user}`, txn, call, ...end, outcome })
    return step
  }

  #operation(): Extract<Operation, { op: 'append' | 'get' }> {
    const at = below(this.#lists.length)
    const list = this.#lists[at]
    if (list === undefined) throw new Error('there is at least one list')
    if (list.appends >= mostAppends) {
      list.generation += 1
      list.appends = 0
    }
    const key = `${this.#prefix}${at}-${list.generation}`
    if (Math.random() < 0.5) return { op: 'get', keyspace, key }
    list.appends += 1
    return { op: 'append', keyspace, key, value: ++this.#elements }
  }
}
