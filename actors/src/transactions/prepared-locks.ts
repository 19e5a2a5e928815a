/** Locks and reservations of prepared transactions, as rows: they outlive leaders. */
import { assert } from '@synod/runtime/protocol'
import { nothingPending, reserve, settle } from '../concurrency/escrow.ts'
import { compatible, coveredBy } from '../concurrency/lock-modes.ts'
import type { ReadonlyStore, Store } from '../replicated/state-machine.ts'
import type { TxKey } from './messages.ts'
import { afterPrefix, rowKey, table } from './rows.ts'
import type { ItemLock, Work } from './work.ts'

/** Whether a prepared transaction excludes this work. Whether adds fit is another question (escrow). */
export function isLocked(store: ReadonlyStore, { locks, prefixes }: Work): boolean {
  if (table.prepared(store).size === 0) return false
  for (const lock of locks) if (isHeldAgainst(store, lock) || inLockedRange(store, lock)) return true
  return prefixes.some(prefix => rangeIsChanging(store, prefix))
}

function isHeldAgainst(store: ReadonlyStore, { item, mode }: ItemLock): boolean {
  const lock = table.locks(store).get(item)
  if (lock !== undefined) return !compatible('exclusive' in lock ? 'exclusive' : 'shared', mode)
  // Pending adds do not exclude another: only then nobody needs to look for them.
  return mode !== 'add' && table.escrow(store).has(item)
}

function inLockedRange(store: ReadonlyStore, { item, mode }: ItemLock): boolean {
  const ranges = table.ranges(store)
  if (ranges.size === 0) return false
  for (const [prefix] of ranges.scan()) if (coveredBy(item, mode, prefix)) return true
  return false
}

function rangeIsChanging(store: ReadonlyStore, prefix: string): boolean {
  const end = afterPrefix(prefix)
  for (const [, lock] of table.locks(store).scan(prefix, end)) if ('exclusive' in lock) return true
  for (const _ of table.escrow(store).scan(prefix, end)) return true
  return false
}

export function lockRows(store: Store, tx: TxKey, { locks, prefixes }: Work): void {
  for (const { item, mode, sum } of locks) {
    if (mode === 'exclusive') table.locks(store).put(item, { exclusive: tx })
    else if (mode === 'shared') share(store, item, tx)
    else if (sum !== undefined) {
      const escrow = table.escrow(store)
      escrow.put(item, reserve(escrow.get(item) ?? nothingPending, sum))
    }
  }
  for (const prefix of prefixes) changeRange(store, prefix, holders => [...holders, tx])
}

export function unlockRows(store: Store, tx: TxKey, { locks, prefixes }: Work): void {
  for (const { item, mode, sum } of locks) {
    if (mode === 'exclusive') table.locks(store).delete(item)
    else if (mode === 'shared') unshare(store, item, tx)
    else if (sum !== undefined) giveBack(store, item, sum.amount)
  }
  for (const prefix of prefixes) {
    changeRange(store, prefix, holders => holders.filter(holder => holder !== tx))
  }
}

function share(store: Store, item: string, tx: TxKey): void {
  const locks = table.locks(store)
  const lock = locks.get(item)
  assert(lock === undefined || 'shared' in lock, 'a shared lock is granted beside shared ones only')
  locks.put(item, { shared: [...(lock?.shared ?? []), tx] })
}

function unshare(store: Store, item: string, tx: TxKey): void {
  const locks = table.locks(store)
  const lock = locks.get(item)
  assert(lock !== undefined && 'shared' in lock, 'what is released was locked')
  const shared = lock.shared.filter(holder => holder !== tx)
  if (shared.length === 0) locks.delete(item)
  else locks.put(item, { shared })
}

function giveBack(store: Store, item: string, amount: number): void {
  const escrow = table.escrow(store)
  const pending = escrow.get(item)
  assert(pending !== undefined, 'what is settled was reserved')
  const left = settle(pending, amount)
  if (left === undefined) escrow.delete(item)
  else escrow.put(item, left)
}

function changeRange(store: Store, prefix: string, change: (holders: readonly TxKey[]) => readonly TxKey[]) {
  const ranges = table.ranges(store)
  const before = ranges.get(prefix) ?? []
  const holders = change(before)
  const count = (store.get(rowKey.ranges) as number | undefined) ?? 0
  store.put(rowKey.ranges, count + holders.length - before.length)
  if (holders.length === 0) ranges.delete(prefix)
  else ranges.put(prefix, holders)
}
