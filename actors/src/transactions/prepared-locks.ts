/** Locks and reservations of prepared transactions, as rows: they outlive leaders. */
import { assert } from '@synod/runtime/protocol'
import { nothingPending, type Pending, reserve, settle } from '../concurrency/escrow.ts'
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
    if (isHeldAgainst(store, item, mode)) return true
    if (ranges > 0 && inLockedRange(store, item, mode)) return true
  }
  return request.prefixes.some(prefix => rangeIsChanging(store, prefix))
}

function isHeldAgainst(store: ReadonlyStore, item: string, mode: LockMode): boolean {
  const lock = row.lock(store, item)
  if (lock !== undefined) return !compatible('exclusive' in lock ? 'exclusive' : 'shared', mode)
  // Pending adds do not exclude another: only then nobody needs to look for them.
  return mode !== 'add' && row.escrow(store, item) !== undefined
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

export function lockRows(
  store: Store,
  tx: TxKey,
  operations: readonly Numbered[],
  { items, prefixes }: LockRequest,
): void {
  for (const [item, mode] of items) {
    if (mode === 'exclusive') store.put(rowKey.lock(item), { exclusive: tx } satisfies LockRow)
    else if (mode === 'shared') {
      const lock = row.lock(store, item)
      assert(lock === undefined || 'shared' in lock, 'a shared lock is granted beside shared ones only')
      store.put(rowKey.lock(item), { shared: [...(lock?.shared ?? []), tx] } satisfies LockRow)
    }
  }
  for (const [item, sum] of reservationsOf(operations, items)) {
    const key = rowKey.escrow(item)
    store.put(key, reserve((store.get(key) as Pending | undefined) ?? nothingPending, sum))
  }
  for (const prefix of new Set(prefixes)) changeRange(store, prefix, holders => [...holders, tx])
}

export function unlockRows(
  store: Store,
  tx: TxKey,
  operations: readonly Numbered[],
  { items, prefixes }: LockRequest,
): void {
  for (const [item, mode] of items) {
    if (mode === 'exclusive') store.delete(rowKey.lock(item))
    else if (mode === 'shared') unshare(store, item, tx)
  }
  for (const [item, sum] of reservationsOf(operations, items)) {
    const key = rowKey.escrow(item)
    const pending = store.get(key) as Pending | undefined
    assert(pending !== undefined, 'what is settled was reserved')
    const left = settle(pending, sum.amount)
    if (left === undefined) store.delete(key)
    else store.put(key, left)
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
