/**
 * Who holds which locks: the table in a leader's memory, of the transactions it coordinates and of those prepared
 * here. Modes that are compatible are equal, so that an item has one mode and a set of holders.
 */
import { assert, SlabMap } from '@synod/runtime/protocol'
import { compatible, coveredBy, type LockMode, type LockRequest } from './lock-modes.ts'

export interface LockTable {
  readonly items: Map<string, { readonly mode: LockMode; readonly holders: Set<string> }>
  readonly prefixes: Map<string, Set<string>>
  /** Holder → all that it holds. */
  readonly held: Map<string, LockRequest>
}

export function emptyLockTable(): LockTable {
  return { items: new SlabMap(), prefixes: new Map(), held: new SlabMap() }
}

/** Holders that `request` cannot be granted beside. */
export function conflicting(table: LockTable, request: LockRequest, by: string): Set<string> {
  const found = new Set<string>()
  const add = (holders: Iterable<string>) => {
    for (const holder of holders) if (holder !== by) found.add(holder)
  }
  for (const [item, mode] of request.items) {
    const held = table.items.get(item)
    if (held !== undefined && !compatible(held.mode, mode)) add(held.holders)
    for (const [prefix, holders] of table.prefixes) if (coveredBy(item, mode, prefix)) add(holders)
  }
  for (const prefix of request.prefixes) {
    for (const [item, held] of table.items) if (coveredBy(item, held.mode, prefix)) add(held.holders)
  }
  return found
}

export function isFree(table: LockTable, request: LockRequest): boolean {
  for (const [item, mode] of request.items) {
    const held = table.items.get(item)
    if (held !== undefined && !compatible(held.mode, mode)) return false
    if (table.prefixes.size === 0) continue
    for (const prefix of table.prefixes.keys()) if (coveredBy(item, mode, prefix)) return false
  }
  for (const prefix of request.prefixes) {
    for (const [item, held] of table.items) if (coveredBy(item, held.mode, prefix)) return false
  }
  return true
}

/** The caller has seen that nobody conflicts. */
export function acquire(table: LockTable, holder: string, request: LockRequest): void {
  assert(!table.held.has(holder), 'a transaction takes the locks of a group once')
  table.held.set(holder, request)
  for (const [item, mode] of request.items) {
    const held = table.items.get(item)
    assert(held === undefined || compatible(held.mode, mode), 'only compatible locks are held together')
    if (held === undefined) table.items.set(item, { mode, holders: new Set([holder]) })
    else held.holders.add(holder)
  }
  for (const prefix of request.prefixes) {
    const holders = table.prefixes.get(prefix)
    if (holders === undefined) table.prefixes.set(prefix, new Set([holder]))
    else holders.add(holder)
  }
}

/** What was held, so that those who wait for it can be looked up. Undefined when nothing was. */
export function release(table: LockTable, holder: string): LockRequest | undefined {
  const request = table.held.get(holder)
  if (request === undefined) return undefined
  table.held.delete(holder)
  for (const item of request.items.keys()) {
    const held = table.items.get(item)
    held?.holders.delete(holder)
    if (held?.holders.size === 0) table.items.delete(item)
  }
  for (const prefix of request.prefixes) {
    const holders = table.prefixes.get(prefix)
    holders?.delete(holder)
    if (holders?.size === 0) table.prefixes.delete(prefix)
  }
  return request
}
