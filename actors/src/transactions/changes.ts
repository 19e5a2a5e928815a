/**
 * Applies the writes of a share, in order. What comes from or goes to the outside world is counted in the same
 * command, so that conservation can be proved: initial + in − out = held.
 */
import { assert, type Json } from '@synod/runtime/protocol'
import { plus } from '../exact.ts'
import type { Store } from '../replicated/state-machine.ts'
import type { Operation } from './operations.ts'
import { table } from './rows.ts'
import type { Step } from './work.ts'

/** Per keyspace: what a value holds, by measure (`goods`, `money`). Pure; undefined is a missing value. */
export type Measures = Readonly<
  Record<string, (key: string, value: Json | undefined) => Readonly<Record<string, number>>>
>
type Write = Extract<Operation, { op: 'put' | 'delete' | 'append' | 'add' }>

export interface Versions {
  /** Of keys that were locked: known when the transaction was prepared. */
  readonly locked: number
  /** Of keys that are only added to: the command that applies the sum. */
  readonly added: number
}

export function applyWrites(
  store: Store,
  steps: readonly Step[],
  versions: Versions,
  measures: Measures,
): void {
  const values = table.values(store)
  for (const { operation, lock } of steps) {
    if (lock === undefined || operation.op === 'get' || operation.op === 'check') continue
    const { item, mode } = lock
    const before = values.get(item)
    const version = mode === 'add' ? versions.added : versions.locked
    assert(before === undefined || version >= before.version, 'versions of a key never go back')
    const value = after(operation, before?.value)
    if (value === undefined) values.delete(item)
    else values.put(item, { value, version })
    if (operation.external === true) count(store, operation, before?.value, value, measures)
  }
}

/** Bounds and types were checked before, and the locks held since. */
function after(operation: Write, before: Json | undefined): Json | undefined {
  switch (operation.op) {
    case 'put':
      return operation.value
    case 'delete':
      return undefined
    case 'append':
      return [...((before as readonly Json[] | undefined) ?? []), operation.value]
    case 'add':
      return ((before as number | undefined) ?? operation.initial ?? 0) + operation.amount
  }
}

function count(
  store: Store,
  { keyspace, key }: Write,
  before: Json | undefined,
  value: Json | undefined,
  measures: Measures,
): void {
  const measure = measures[keyspace]
  if (measure === undefined) return
  const tallies = table.tallies(store)
  const was = measure(key, before)
  const is = measure(key, value)
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const change = (is[name] ?? 0) - (was[name] ?? 0)
    if (change === 0) continue
    const of = `${keyspace}/${name}`
    const tally = tallies.get(of) ?? { in: 0, out: 0 }
    tallies.put(
      of,
      change > 0 ? { ...tally, in: plus(tally.in, change) } : { ...tally, out: plus(tally.out, -change) },
    )
  }
}
