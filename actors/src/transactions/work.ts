/**
 * A share's operations with what each command about them asks again and again: the items, how they are locked, the sums
 * of adds. Worked out once per command.
 */
import { type Reservation, unbounded } from '../concurrency/escrow.ts'
import { itemOf, joined, type LockMode, modeOf } from '../concurrency/lock-modes.ts'
import type { Numbered } from './messages.ts'
import type { Operation } from './operations.ts'

export interface ItemLock {
  /** `keyspace/key`. */
  readonly item: string
  readonly mode: LockMode
  /** All its adds: what is reserved where the mode is add. */
  readonly sum: Reservation | undefined
}
export type Scan = Extract<Operation, { op: 'scan' }>
export type OnItem = Exclude<Operation, Scan>
/** The lock is shared by all steps on its item; a scan has none here. */
export type Step =
  | { readonly index: number; readonly operation: OnItem; readonly lock: ItemLock }
  | { readonly index: number; readonly operation: Scan; readonly lock: undefined }
export interface Work {
  readonly steps: readonly Step[]
  /** One for each item. */
  readonly locks: readonly ItemLock[]
  /** Of items: what scans lock. */
  readonly prefixes: readonly string[]
}

export type Add = Extract<Operation, { op: 'add' }>
type Growing = { readonly item: string; mode: LockMode; sum: Reservation | undefined }

export function workOf(operations: readonly Numbered[]): Work {
  const [only] = operations
  if (only !== undefined && operations.length === 1 && only.operation.op !== 'scan') {
    const { index, operation } = only
    const lock = lockOf(itemOf(operation), operation)
    return { steps: [{ index, operation, lock }], locks: [lock], prefixes: none }
  }
  return workOfMany(operations)
}

const none: readonly string[] = []

function workOfMany(operations: readonly Numbered[]): Work {
  const locks = new Map<string, Growing>()
  const prefixes = new Set<string>()
  const steps = operations.map(({ index, operation }): Step => {
    if (operation.op === 'scan') {
      prefixes.add(`${operation.keyspace}/${operation.prefix}`)
      return { index, operation, lock: undefined }
    }
    const item = itemOf(operation)
    let lock = locks.get(item)
    if (lock === undefined) {
      lock = lockOf(item, operation)
      locks.set(item, lock)
    } else {
      lock.mode = joined(lock.mode, modeOf(operation))
      if (operation.op === 'add') lock.sum = summed(lock.sum, operation)
    }
    return { index, operation, lock }
  })
  return { steps, locks: [...locks.values()], prefixes: [...prefixes] }
}

function lockOf(item: string, operation: OnItem): Growing {
  const sum = operation.op === 'add' ? summed(undefined, operation) : undefined
  return { item, mode: modeOf(operation), sum }
}

/** [CC5] All adds of a transaction to one key: one sum within all their bounds. */
function summed(before: Reservation | undefined, add: Add): Reservation {
  const initial = before?.initial ?? add.initial
  const sum = {
    amount: (before?.amount ?? 0) + add.amount,
    min: Math.max(before?.min ?? unbounded.min, add.min ?? unbounded.min),
    max: Math.min(before?.max ?? unbounded.max, add.max ?? unbounded.max),
  }
  return initial === undefined ? sum : { ...sum, initial }
}
