/** Locks and reservations of prepared transactions, as rows: they outlive leaders. */
import { assert } from '@synod/runtime/protocol'
import { nothingPending, reserve, settle } from '../concurrency/escrow.ts'
import { compatible, coveredBy, type LockMode, type LockRequest, locksOf } from '../concurrency/lock-modes.ts'
import type { ReadonlyStore, Store } from '../replicated/state-machine.ts'
import { reservationsOf } from './evaluate.ts'
import type { Numbered, TxKey } from './messages.ts'
import { type LockRow, row, rowKey, rowsOf } from './rows.ts'

export function requestOf(operations: readonly Numbered[]): LockRequest {
  return locksOf(operations.map(({ operation }) => operation))
}

/** Whether a prepared transaction excludes this request. Whether adds fit is another question (escrow). */
export function isLocked(store: ReadonlyStore, request: LockRequest): boolean {
  const ranges = rangeCount(store)
  for (const [item, mode] of request.items) {
    const held = heldMode(store, item)
    if (held !== undefined && !compatible(held, mode)) return true
    if (ranges > 0 && inLockedRange(store, item, mode)) return true
  }
  return request.prefixes.some(prefix => rangeIsChanging(store, prefix))
}

function heldMode(store: ReadonlyStore, item: string): LockMode | undefined {
  const lock = row.lock(store, item)
  if (lock !== undefined) return 'exclusive' in lock ? 'exclusive' : 'shared'
  return row.escrow(store, item) === undefined ? undefined : 'add'
}

function rangeCount(store: ReadonlyStore): number {
  return (store.get(rowKey.ranges) as number | undefined) ?? 0
}

function inLockedRange(store: ReadonlyStore, item: string, mode: LockMode): boolean {
  for (const [prefix] of rowsOf(store, 'g/')) if (coveredBy(item, mode, prefix)) return true
  return false
}

function rangeIsChanging(store: ReadonlyStore, prefix: string): boolean {
  for (const [, lock] of rowsOf<LockRow>(store, rowKey.lock(prefix))) if ('exclusive' in lock) return true
  for (const _ of rowsOf(store, rowKey.escrow(prefix))) return true
  return false
}

export function lockRows(store: Store, tx: TxKey, operations: readonly Numbered[]): void {
  const { items, prefixes } = requestOf(operations)
  for (const [item, mode] of items) {
    if (mode === 'exclusive') store.put(rowKey.lock(item), { exclusive: tx } satisfies LockRow)
    else if (mode === 'shared') {
      const lock = row.lock(store, item)
      assert(lock === undefined || 'shared' in lock, 'a shared lock is granted beside shared ones only')
      store.put(rowKey.lock(item), { shared: [...(lock?.shared ?? []), tx] } satisfies LockRow)
    }
  }
  for (const [item, sum] of reservationsOf(operations)) {
    store.put(rowKey.escrow(item), reserve(row.escrow(store, item) ?? nothingPending, sum))
  }
  for (const prefix of new Set(prefixes)) changeRange(store, prefix, holders => [...holders, tx])
}

export function unlockRows(store: Store, tx: TxKey, operations: readonly Numbered[]): void {
  const { items, prefixes } = requestOf(operations)
  for (const [item, mode] of items) {
    if (mode === 'exclusive') store.delete(rowKey.lock(item))
    else if (mode === 'shared') unshare(store, item, tx)
  }
  for (const [item, sum] of reservationsOf(operations)) {
    const pending = row.escrow(store, item)
    assert(pending !== undefined, 'what is settled was reserved')
    const left = settle(pending, sum.amount)
    if (left === undefined) store.delete(rowKey.escrow(item))
    else store.put(rowKey.escrow(item), left)
  }
  for (const prefix of new Set(prefixes)) {
    changeRange(store, prefix, holders => holders.filter(holder => holder !== tx))
  }
}

function unshare(store: Store, item: string, tx: TxKey): void {
  const lock = row.lock(store, item)
  assert(lock !== undefined && 'shared' in lock, 'what is released was locked')
  const shared = lock.shared.filter(holder => holder !== tx)
  if (shared.length === 0) store.delete(rowKey.lock(item))
  else store.put(rowKey.lock(item), { shared } satisfies LockRow)
}

function changeRange(store: Store, prefix: string, change: (holders: readonly TxKey[]) => readonly TxKey[]) {
  const before = (store.get(rowKey.range(prefix)) as readonly TxKey[] | undefined) ?? []
  const holders = change(before)
  store.put(rowKey.ranges, rangeCount(store) + holders.length - before.length)
  if (holders.length === 0) store.delete(rowKey.range(prefix))
  else store.put(rowKey.range(prefix), holders)
}
