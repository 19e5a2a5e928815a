/**
 * Who waits for which locks, in a leader's memory. Older transactions go first (age: when the coordinator first heard
 * of the transaction, kept by all its attempts), so that whoever waits becomes the oldest one day: nobody starves.
 *
 * Deadlock (Rosenkrantz, Stearns, Lewis, wound-wait, 1978). A waiter waits for older waiters and for holders. Younger
 * holders that keep it waiting are wounded; what remains are edges from younger to older: they form no cycle. Within
 * a group all locks are granted at once, so a cycle needs two groups: it lasts until somebody is wounded, and that is
 * why it is enough to wound late.
 */
import { SlabMap } from '@synod/runtime/protocol'
import type { Age } from '../transactions/messages.ts'
import { compatible, coveredBy, exclude, type LockMode, type LockRequest } from './lock-modes.ts'
import { isFree, type LockTable } from './lock-table.ts'

export interface Waiter {
  readonly tx: string
  readonly age: Age
  readonly request: LockRequest
  /** Waits not for locks but for pending adds to these items to resolve (escrow). */
  readonly escrow: readonly string[]
  readonly sinceMs: number
  /** Not to be tried again before. */
  readonly notBeforeMs: number
}

export interface WaitQueue {
  readonly waiters: Map<string, Waiter>
  /** Per item, oldest first. */
  readonly byItem: Map<string, Waiter[]>
  /** Those who want whole ranges: few. */
  readonly ranges: Map<string, Waiter>
}

export function emptyQueue(): WaitQueue {
  return { waiters: new SlabMap(), byItem: new SlabMap(), ranges: new Map() }
}

export function isOlder(a: Age, b: Age): boolean {
  return a.timeMs !== b.timeMs ? a.timeMs < b.timeMs : a.tx < b.tx
}

export function enqueue(queue: WaitQueue, waiter: Waiter): void {
  queue.waiters.set(waiter.tx, waiter)
  if (waiter.request.prefixes.length > 0) queue.ranges.set(waiter.tx, waiter)
  for (const item of waiter.request.items.keys()) {
    const line = queue.byItem.get(item)
    if (line === undefined) queue.byItem.set(item, [waiter])
    else line.splice(placeIn(line, waiter.age), 0, waiter)
  }
}

/** Where somebody of this age stands: behind all who are older. */
function placeIn(line: readonly Waiter[], age: Age): number {
  let low = 0
  let high = line.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = line[middle]
    if (other !== undefined && isOlder(other.age, age)) low = middle + 1
    else high = middle
  }
  return low
}

export function dequeue(queue: WaitQueue, tx: string): Waiter | undefined {
  const waiter = queue.waiters.get(tx)
  if (waiter === undefined) return undefined
  queue.waiters.delete(tx)
  queue.ranges.delete(tx)
  for (const item of waiter.request.items.keys()) {
    const line = queue.byItem.get(item)
    const at = line?.indexOf(waiter) ?? -1
    if (at >= 0) line?.splice(at, 1)
    if (line?.length === 0) queue.byItem.delete(item)
  }
  return waiter
}

/** [CC2, CC3] All locks at once or none; behind holders in the way, and behind older waiters in the way. */
export function mayGo(
  table: LockTable,
  queue: WaitQueue,
  who: { readonly age: Age; readonly request: LockRequest },
): boolean {
  return isFree(table, who.request) && !olderAhead(queue, who.age, who.request)
}

function olderAhead(queue: WaitQueue, age: Age, request: LockRequest): boolean {
  if (queue.waiters.size === 0) return false
  for (const [item, mode] of request.items) {
    for (const other of queue.byItem.get(item) ?? []) {
      if (!isOlder(other.age, age)) break
      if (blocks(other, item, mode)) return true
    }
    for (const other of queue.ranges.values()) {
      if (isOlder(other.age, age) && wantsRangeOf(other, item, mode)) return true
    }
  }
  if (request.prefixes.length === 0) return false
  return [...queue.waiters.values()].some(other => isOlder(other.age, age) && exclude(other.request, request))
}

/** Nobody in line is in the way: only holders, or pending adds. */
export function isHeadOfLine(queue: WaitQueue, waiter: Waiter): boolean {
  return !olderAhead(queue, waiter.age, waiter.request)
}

/** Who waits for an amount of an item comes before younger adders, else small ones would pass it for ever. */
function blocks(waiter: Waiter, item: string, mode: LockMode): boolean {
  const wanted = waiter.request.items.get(item)
  if (wanted === undefined) return false
  return !compatible(wanted, mode) || (mode === 'add' && waiter.escrow.includes(item))
}

function wantsRangeOf(waiter: Waiter, item: string, mode: LockMode): boolean {
  return waiter.request.prefixes.some(prefix => coveredBy(item, mode, prefix))
}

/** Oldest first: who might go now that `freed` is no longer held, or waited for. Each must still pass `mayGo`. */
export function candidates(queue: WaitQueue, freed: LockRequest): Waiter[] {
  if (queue.waiters.size === 0) return []
  const found = new Set<Waiter>(queue.ranges.values())
  for (const item of freed.items.keys()) for (const waiter of front(queue, item)) found.add(waiter)
  if (freed.prefixes.length > 0) for (const waiter of queue.waiters.values()) found.add(waiter)
  return [...found].sort((a, b) => (isOlder(a.age, b.age) ? -1 : 1))
}

/** The head of an item's line, and those behind it that could go beside it. */
function front(queue: WaitQueue, item: string): Waiter[] {
  const line = queue.byItem.get(item) ?? []
  const end = line.findIndex((waiter, at) => {
    const before = line[at - 1]
    const mode = waiter.request.items.get(item)
    return before !== undefined && mode !== undefined && blocks(before, item, mode)
  })
  return end < 0 ? line : line.slice(0, end)
}
