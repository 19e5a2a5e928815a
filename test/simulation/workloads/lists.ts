/**
 * Transactions that read and append to lists over several shards. Each element is appended once: to all lists of its
 * transaction or to none. The whole history must be strictly serializable.
 */
import type { Operation } from '@synod/actors'
import { assert, type Json } from '@synod/runtime/protocol'
import type { Workload, WorkloadPorts } from '../workload.ts'
import type { Final, Transactor } from './transactor.ts'

const keyspace = 'kv'
type Step = readonly ['append', string, number] | readonly ['r', string, readonly number[] | null]

export interface ListTransaction {
  readonly client: string
  readonly txn: readonly Step[]
  readonly call: number
  readonly return?: number
  readonly outcome: 'ok' | 'fail' | 'unknown'
}

export class Lists implements Workload {
  readonly name = 'lists'
  readonly history: ListTransaction[] = []
  readonly #ports: WorkloadPorts
  readonly #keys: readonly string[]
  readonly #check: (history: readonly ListTransaction[]) => void
  #element = 0

  constructor(ports: WorkloadPorts, check: (history: readonly ListTransaction[]) => void) {
    this.#ports = ports
    this.#check = check
    this.#keys = Array.from({ length: ports.random.integer(1, 6) }, (_, index) => `list${index}`)
  }

  setup(): Operation[] {
    return []
  }

  step(transactor: Transactor, next: () => void): void {
    const { random } = this.#ports
    const keys = random.shuffle(this.#keys).slice(0, random.integer(1, 4))
    const writes = random.chance(0.75)
    this.#element += 1
    this.#run(transactor, this.#plan(keys, writes), next)
  }

  finish(transactor: Transactor, done: () => void): void {
    this.#run(transactor, this.#plan(this.#keys, false), () => {
      this.#eachOnceOrNever()
      this.#check(this.history)
      done()
    })
  }

  /** Reads come first: what a transaction reads of its own appends is another matter. */
  #plan(keys: readonly string[], writes: boolean): readonly (readonly ['append' | 'r', string])[] {
    const { random } = this.#ports
    const reads = keys.filter(() => !writes || random.chance(0.5)).map(key => ['r', key] as const)
    const appends = writes ? keys.map(key => ['append', key] as const) : []
    return [...reads, ...appends]
  }

  #run(transactor: Transactor, plan: readonly (readonly ['append' | 'r', string])[], next: () => void): void {
    const { sim, reached } = this.#ports
    const element = this.#element
    const call = sim.now
    const operations = plan.map(([kind, key]): Operation => {
      return kind === 'r' ? { op: 'get', keyspace, key } : { op: 'append', keyspace, key, value: element }
    })
    transactor.run(operations, final => {
      reached(`lists: ${final.status}`)
      this.history.push(this.#recorded(plan, element, call, final))
      next()
    })
  }

  #recorded(
    plan: readonly (readonly ['append' | 'r', string])[],
    element: number,
    call: number,
    final: Final,
  ): ListTransaction {
    const results = final.status === 'committed' ? final.results : []
    const txn = plan.map(([kind, key], index): Step => {
      if (kind === 'append') return ['append', key, element]
      const result = results[index]
      return ['r', key, result !== undefined && 'value' in result ? listOf(result.value) : null]
    })
    const outcome =
      final.status === 'committed' ? 'ok' : final.status === 'unknown' ? 'unknown' : ('fail' as const)
    const at = outcome === 'unknown' ? {} : { return: nanoseconds(this.#ports.sim.now) }
    return { client: `${this.history.length}`, txn, call: nanoseconds(call), ...at, outcome }
  }

  /** By the last transaction, which read all lists. */
  #eachOnceOrNever(): void {
    const last = this.history.at(-1)
    if (last?.outcome !== 'ok') return
    const lists = new Map(last.txn.map(step => [step[1], counted(step[0] === 'r' ? (step[2] ?? []) : [])]))
    for (const { txn, outcome } of this.history) {
      const appends = txn.filter(step => step[0] === 'append')
      const times = appends.map(([, key, element]) => lists.get(key)?.get(element) ?? 0)
      const [first = 0] = times
      const holds = first <= 1 && times.every(count => count === first)
      if (holds && (outcome === 'unknown' || appends.length === 0 || first === (outcome === 'ok' ? 1 : 0)))
        continue
      assert(false, `lists: ${JSON.stringify(appends)}, ${outcome}, is in its lists ${times} times`)
    }
  }
}

/** How often each element is there. */
function counted(list: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1)
  return counts
}

function listOf(value: Json): readonly number[] | null {
  if (value !== null && !Array.isArray(value)) assert(false, `lists: a list is ${JSON.stringify(value)}`)
  return value as readonly number[] | null
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6)
}
