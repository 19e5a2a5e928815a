/**
 * Many clients buy the same few items: each takes one from the item and adds one to what is sold. Nothing is oversold,
 * item and sold always add up, and somebody is refused only when really nothing is left.
 */
import type { Operation, OperationResult } from '@synod/actors'
import { assert } from '@synod/runtime/protocol'
import type { Workload, WorkloadPorts } from '../workload.ts'
import type { Transactor } from './transactor.ts'

export class HotItem implements Workload {
  readonly name = 'hot item'
  readonly #ports: WorkloadPorts
  readonly #stock: number
  readonly #keys: readonly { readonly item: string; readonly sold: string }[]
  readonly #bought: number[]
  readonly #maybe: number[]
  readonly #soldOut: boolean[]

  constructor(ports: WorkloadPorts) {
    const { random } = ports
    this.#ports = ports
    this.#stock = random.pick([3, 20, 100])
    this.#keys = Array.from({ length: random.integer(1, 2) }, (_, index) => ({
      item: `item${index}`,
      sold: `sold${index}`,
    }))
    this.#bought = this.#keys.map(() => 0)
    this.#maybe = this.#keys.map(() => 0)
    this.#soldOut = this.#keys.map(() => false)
  }

  setup(): Operation[] {
    return this.#keys.map(({ item }) => ({ op: 'put', keyspace: 'stock', key: item, value: this.#stock }))
  }

  step(transactor: Transactor, next: () => void): void {
    const { random, reached } = this.#ports
    const index = random.integer(0, this.#keys.length - 1)
    if (random.chance(0.1)) {
      this.#look(transactor, index, next)
      return
    }
    transactor.run(this.#purchase(index), final => {
      reached(`hot item: ${final.status}`)
      if (final.status === 'committed') this.#count(this.#bought, index)
      if (final.status === 'unknown') this.#count(this.#maybe, index)
      if (final.status === 'refused') {
        assert(final.reason === 'outOfBounds', `hot item: refused because of ${final.reason}`)
        this.#soldOut[index] = true
      }
      next()
    })
  }

  finish(transactor: Transactor, done: () => void): void {
    const check = (index: number) => {
      if (index === this.#keys.length) done()
      else this.#look(transactor, index, () => check(index + 1), true)
    }
    check(0)
  }

  #purchase(index: number): Operation[] {
    const { item, sold } = this.#key(index)
    return this.#ports.random.shuffle<Operation>([
      { op: 'add', keyspace: 'stock', key: item, amount: -1, min: 0 },
      { op: 'add', keyspace: 'kv', key: sold, amount: 1, initial: 0, max: this.#stock },
    ])
  }

  #look(transactor: Transactor, index: number, next: () => void, atTheEnd = false): void {
    const { item, sold } = this.#key(index)
    const operations: Operation[] = [
      { op: 'get', keyspace: 'stock', key: item },
      { op: 'get', keyspace: 'kv', key: sold },
    ]
    transactor.run(operations, final => {
      if (final.status === 'committed') {
        const [left, gone] = final.results.map(numberOf)
        this.#adds(index, left ?? -1, gone ?? -1, atTheEnd)
      }
      next()
    })
  }

  #adds(index: number, left: number, gone: number, atTheEnd: boolean): void {
    const bought = this.#bought[index] ?? 0
    const maybe = this.#maybe[index] ?? 0
    assert(left >= 0 && left + gone === this.#stock, `hot item: ${left} left, ${gone} sold of ${this.#stock}`)
    if (!atTheEnd) return
    assert(
      gone >= bought && gone <= bought + maybe,
      `hot item: ${gone} sold, but clients bought ${bought} and ${maybe} do not know`,
    )
    assert(!this.#soldOut[index] || left === 0, `hot item: refused with ${left} left`)
    if (left === 0) this.#ports.reached('hot item: sold out')
  }

  #key(index: number): { readonly item: string; readonly sold: string } {
    const key = this.#keys[index]
    assert(key !== undefined, 'an item')
    return key
  }

  #count(counts: number[], index: number): void {
    counts[index] = (counts[index] ?? 0) + 1
  }
}

function numberOf(result: OperationResult): number {
  assert('value' in result, 'a value was read')
  return typeof result.value === 'number' ? result.value : 0
}
