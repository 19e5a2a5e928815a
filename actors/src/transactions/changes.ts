/**
 * Applies the writes of a share, in order. What comes from or goes to the outside world is counted in the same
 * command, so that conservation can be proved: initial + in − out = held.
 */
import { assert, type Json } from '@synod/runtime/protocol'
import { itemOf, type LockRequest } from '../concurrency/lock-modes.ts'
import type { Store } from '../replicated/state-machine.ts'
import type { Numbered } from './messages.ts'
import type { Operation } from './operations.ts'
import { rowKey, type Stored, type TallyRow } from './rows.ts'

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
  operations: readonly Numbered[],
  request: LockRequest,
  versions: Versions,
  measures: Measures,
): void {
  for (const { operation } of operations) {
    if (operation.op === 'get' || operation.op === 'check' || operation.op === 'scan') continue
    const item = itemOf(operation)
    const key = rowKey.valueOf(item)
    const before = store.get(key) as Stored | undefined
    const version = request.items.get(item) === 'add' ? versions.added : versions.locked
    assert(before === undefined || version >= before.version, 'versions of a key never go back')
    const value = after(operation, before?.value)
    if (value === undefined) store.delete(key)
    else store.put(key, { value, version })
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
  const was = measure(key, before)
  const is = measure(key, value)
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const change = (is[name] ?? 0) - (was[name] ?? 0)
    if (change === 0) continue
    const row = rowKey.tally(keyspace, name)
    const tally = (store.get(row) as TallyRow | undefined) ?? { in: 0, out: 0 }
    const next = { in: tally.in + Math.max(change, 0), out: tally.out - Math.min(change, 0) }
    store.put(row, next)
  }
}
