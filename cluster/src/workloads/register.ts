/** Get, put and compare-and-swap on a few registers: a history for the linearizability checker. */
import type { Client } from '../client/index.ts'
import type { Finding } from '../verify/finding.ts'
import { below, failedStep, historyOutcome, KvClients, keyspace, runName } from './kv-clients.ts'
import type { Setup, Step, Workload } from './workload.ts'

type Call =
  | { readonly op: 'get' }
  | { readonly op: 'put'; readonly value: number }
  | { readonly op: 'cas'; readonly from: number; readonly value: number }

export class Register implements Workload {
  readonly unit = 'operations'
  readonly #setup: Setup
  readonly #clients: KvClients
  readonly #prefix = `register-${runName()}-`
  /** What was seen last of each register: something to compare with that has a chance. */
  readonly #seen: number[]
  #values = 0

  constructor(setup: Setup) {
    this.#setup = setup
    this.#clients = new KvClients(setup.nodes, setup.users)
    this.#seen = Array.from({ length: setup.keys }, () => 0)
  }

  prepare(): Promise<void> {
    return Promise.resolve()
  }

  step(user: number): Promise<Step> | undefined {
    if (this.#setup.history?.full === true) return undefined
    return this.#run(user, below(this.#setup.keys))
  }

  finish(): Promise<readonly Finding[]> {
    return Promise.resolve([])
  }

  close(): void {
    this.#clients.close()
  }

  #draw(seen: number): Call {
    const dice = Math.random()
    if (dice < 0.5) return { op: 'get' }
    const value = ++this.#values
    return dice < 0.8 ? { op: 'put', value } : { op: 'cas', from: seen, value }
  }

  async #run(user: number, register: number): Promise<Step> {
    const { history } = this.#setup
    const key = `${this.#prefix}${register}`
    const call = this.#draw(this.#seen[register] ?? 0)
    const began = history?.now() ?? 0
    let step: Step = { outcome: 'ok', reason: call.op }
    let told = {}
    try {
      told = await this.#perform(this.#clients.of(user), register, key, call)
    } catch (error) {
      step = failedStep(error)
    }
    const outcome = historyOutcome(step)
    const end = outcome === 'unknown' ? {} : { return: history?.now() }
    history?.write({ client: `u${user}`, key, ...call, ...told, call: began, ...end, outcome })
    return step
  }

  async #perform(client: Client, register: number, key: string, call: Call): Promise<object> {
    switch (call.op) {
      case 'get': {
        const output = (await client.get(keyspace, key))?.value ?? null
        if (typeof output === 'number') this.#seen[register] = output
        return { output }
      }
      case 'put':
        await client.put(keyspace, key, call.value)
        this.#seen[register] = call.value
        return {}
      case 'cas':
        return { swapped: await client.cas(keyspace, key, call.from, call.value) }
    }
  }
}
