/**
 * What a transaction's operations lock. Strict two-phase locking with one mode more than the textbook: adders of one
 * key do not exclude each other (escrow decides whether their amounts fit), everybody else they do.
 */
import type { Operation } from '../transactions/operations.ts'

export type LockMode = 'shared' | 'add' | 'exclusive'

/** Locks of one transaction in one group. Items are `keyspace/key`; `prefixes` are shared locks on whole ranges. */
export interface LockRequest {
  readonly items: ReadonlyMap<string, LockMode>
  readonly prefixes: readonly string[]
}

export function compatible(a: LockMode, b: LockMode): boolean {
  return a === b && a !== 'exclusive'
}

export function itemOf(on: { readonly keyspace: string; readonly key: string }): string {
  return `${on.keyspace}/${on.key}`
}

export function locksOf(operations: Iterable<Operation>): LockRequest {
  const items = new Map<string, LockMode>()
  const prefixes: string[] = []
  for (const operation of operations) {
    if (operation.op === 'scan') {
      prefixes.push(`${operation.keyspace}/${operation.prefix}`)
      continue
    }
    const item = itemOf(operation)
    const mode = modeOf(operation)
    const before = items.get(item)
    items.set(item, before === undefined ? mode : joined(before, mode))
  }
  return { items, prefixes }
}

/** [CC1] Only reads of a key: shared. Only adds: add. Anything else: exclusive. */
export function modeOf(operation: Exclude<Operation, { op: 'scan' }>): LockMode {
  if (operation.op === 'get' || operation.op === 'check') return 'shared'
  return operation.op === 'add' ? 'add' : 'exclusive'
}

/** [CC1] Of two operations on one key. */
export function joined(a: LockMode, b: LockMode): LockMode {
  return a === b ? a : 'exclusive'
}

/** [CC6] A range is locked against whatever could change what a scan of it sees. */
export function coveredBy(item: string, mode: LockMode, prefix: string): boolean {
  return mode !== 'shared' && item.startsWith(prefix)
}

/** Whether two requests cannot be held together. */
export function exclude(a: LockRequest, b: LockRequest): boolean {
  const [small, large] = a.items.size <= b.items.size ? [a, b] : [b, a]
  for (const [item, mode] of small.items) {
    const other = large.items.get(item)
    if (other !== undefined && !compatible(mode, other)) return true
  }
  return rangeMeets(a, b) || rangeMeets(b, a)
}

function rangeMeets(ranges: LockRequest, other: LockRequest): boolean {
  if (ranges.prefixes.length === 0) return false
  return ranges.prefixes.some(prefix =>
    [...other.items].some(([item, mode]) => coveredBy(item, mode, prefix)),
  )
}
