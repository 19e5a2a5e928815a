/** Single keys: put, compare-and-set by transaction, read without one. Each key is a linearizable register. */
import type { Operation, ReadAnswer } from '@synod/actors'
import { address } from '@synod/runtime/protocol'
import { assertLinearizable, type Operation as RegisterOperation } from '../linearizable.ts'
import type { Workload, WorkloadPorts } from '../workload.ts'
import type { Final, Transactor } from './transactor.ts'

const keyspace = 'kv'

export class Keys implements Workload {
  readonly name = 'keys'
  readonly #ports: WorkloadPorts
  readonly #keys: readonly string[]
  readonly #history = new Map<string, RegisterOperation[]>()
  readonly #latest = new Map<string, number>()
  #values = 0

  constructor(ports: WorkloadPorts) {
    this.#ports = ports
    this.#keys = Array.from({ length: ports.random.integer(1, 4) }, (_, index) => `key${index}`)
  }

  setup(): Operation[] {
    return []
  }

  step(transactor: Transactor, next: () => void): void {
    const { random } = this.#ports
    const key = random.pick(this.#keys)
    const kind = random.next()
    if (kind < 0.5) this.#read(key, next)
    else if (kind < 0.8)
      this.#put(transactor, random.shuffle(this.#keys).slice(0, random.integer(1, 2)), next)
    else this.#compareAndSet(transactor, key, next)
  }

  finish(_transactor: Transactor, done: () => void): void {
    for (const [key, operations] of this.#history) assertLinearizable(`keys: ${key}`, operations)
    done()
  }

  #read(key: string, next: () => void): void {
    const { sim, random, reached } = this.#ports
    const node = random.pick(sim.nodes)
    const called = sim.now
    const request = { type: 'read', keys: [{ keyspace, key }], deadlineMs: 1000 } as const
    sim.ask(node, address(node, 'session', 'main'), request, 1500, answer => {
      const read = answer.outcome === 'answered' ? (answer.result as ReadAnswer) : undefined
      reached(`keys: read ${read?.status ?? answer.outcome}`)
      if (read?.status === 'ok') {
        const value = read.values[0]?.value ?? null
        if (typeof value === 'number') this.#latest.set(key, value)
        this.#record(key, { op: 'get', output: value, called, returned: sim.now })
      }
      sim.after(random.between(1, 20), next)
    })
  }

  /** Of two keys, the one on another shard is written after the client has its answer. */
  #put(transactor: Transactor, keys: readonly string[], next: () => void): void {
    this.#values += 1
    const value = this.#values
    const called = this.#ports.sim.now
    const operations = keys.map((key): Operation => ({ op: 'put', keyspace, key, value }))
    transactor.run(operations, final => {
      const returned = this.#returned(final)
      if (returned !== undefined) {
        for (const key of keys) this.#record(key, { op: 'put', value, called, returned })
      }
      next()
    })
  }

  #compareAndSet(transactor: Transactor, key: string, next: () => void): void {
    this.#values += 1
    const value = this.#values
    const from = this.#latest.get(key) ?? 0
    const called = this.#ports.sim.now
    const operations: Operation[] = [
      { op: 'check', keyspace, key, equals: from },
      { op: 'put', keyspace, key, value },
    ]
    transactor.run(operations, final => {
      this.#ports.reached(`keys: cas ${final.status}`)
      const returned = this.#returned(final)
      const swapped = final.status === 'unknown' ? {} : { swapped: final.status === 'committed' }
      if (returned !== undefined) this.#record(key, { op: 'cas', from, value, ...swapped, called, returned })
      next()
    })
  }

  /** Undefined when it did not happen at all. */
  #returned(final: Final): number | undefined {
    if (final.status === 'never') return undefined
    return final.status === 'unknown' ? Number.POSITIVE_INFINITY : this.#ports.sim.now
  }

  #record(key: string, operation: RegisterOperation): void {
    const history = this.#history.get(key)
    if (history === undefined) this.#history.set(key, [operation])
    else history.push(operation)
  }
}
