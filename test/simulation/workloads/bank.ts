/**
 * Transfers between accounts of several shards. Money is neither made nor lost, no account goes below zero, and who
 * reads all accounts in one transaction always sees the same sum.
 */
import type { Operation, OperationResult } from '@synod/actors'
import { assert } from '@synod/runtime/protocol'
import type { Workload, WorkloadPorts } from '../workload.ts'
import type { Transactor } from './transactor.ts'

const keyspace = 'bank'

export class Bank implements Workload {
  readonly name = 'bank'
  readonly #ports: WorkloadPorts
  readonly #accounts: readonly string[]
  readonly #initial: number

  constructor(ports: WorkloadPorts) {
    const { random } = ports
    this.#ports = ports
    this.#accounts = Array.from({ length: random.integer(2, 8) }, (_, index) => `account${index}`)
    this.#initial = random.pick([5, 20, 1000])
  }

  setup(): Operation[] {
    return this.#accounts.map(key => ({ op: 'put', keyspace, key, value: this.#initial }))
  }

  step(transactor: Transactor, next: () => void): void {
    const { random } = this.#ports
    const kind = random.next()
    if (kind < 0.2) this.#readAll(transactor, next)
    else if (kind < 0.7) this.#transferByAdding(transactor, next)
    else this.#transferByReading(transactor, next)
  }

  finish(transactor: Transactor, done: () => void): void {
    this.#readAll(transactor, done)
  }

  #readAll(transactor: Transactor, next: () => void): void {
    const { random, reached } = this.#ports
    const accounts = random.shuffle(this.#accounts)
    transactor.run(accounts.map(get), final => {
      if (final.status === 'committed') {
        const balances = final.results.map(balanceOf)
        const sum = balances.reduce((a, b) => a + b, 0)
        assert(
          sum === this.#accounts.length * this.#initial && balances.every(balance => balance >= 0),
          `bank: the accounts hold ${sum} (${balances}), not ${this.#accounts.length} × ${this.#initial}`,
        )
        reached('bank: read all')
      }
      next()
    })
  }

  /** Adds with bounds do not lock each other out. */
  #transferByAdding(transactor: Transactor, next: () => void): void {
    const { random, reached } = this.#ports
    const [from = '', to = '', third = to] = random.shuffle(this.#accounts)
    const amount = random.integer(1, 10)
    const half = Math.floor(amount / 2)
    const operations: Operation[] = [
      { op: 'add', keyspace, key: from, amount: -amount, min: 0 },
      { op: 'add', keyspace, key: to, amount: amount - half },
      { op: 'add', keyspace, key: third, amount: half },
    ]
    transactor.run(random.shuffle(operations), final => {
      reached(`bank: transfer by adding ${final.status}`)
      next()
    })
  }

  /** Reads the balances, and puts new ones on condition that they are still the same. */
  #transferByReading(transactor: Transactor, next: () => void): void {
    const { random, reached } = this.#ports
    const [from = '', to = ''] = random.shuffle(this.#accounts)
    transactor.run([get(from), get(to)], read => {
      if (read.status !== 'committed') {
        next()
        return
      }
      const [have, other] = read.results.map(balanceOf)
      const amount = random.integer(0, have ?? 0)
      const write = (key: string, result: OperationResult | undefined, value: number): Operation[] => [
        { op: 'check', keyspace, key, version: versionOf(result) },
        { op: 'put', keyspace, key, value },
      ]
      const operations = [
        ...write(from, read.results[0], (have ?? 0) - amount),
        ...write(to, read.results[1], (other ?? 0) + amount),
      ]
      transactor.run(operations, final => {
        reached(`bank: transfer by reading ${final.status}`)
        next()
      })
    })
  }
}

function get(key: string): Operation {
  return { op: 'get', keyspace, key }
}

function balanceOf(result: OperationResult): number {
  assert(
    'value' in result && typeof result.value === 'number',
    `bank: a balance is ${JSON.stringify(result)}`,
  )
  return result.value
}

function versionOf(result: OperationResult | undefined): number {
  assert(result !== undefined && 'version' in result, `bank: no version in ${JSON.stringify(result)}`)
  return result.version
}
