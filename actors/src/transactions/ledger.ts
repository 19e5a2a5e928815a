/**
 * The ledger of expired ids: eight bytes each, so that it remembers far more ids than there are records. Bounded: a
 * full bucket drops its oldest. An id is therefore safe from executing twice for its retention and until about a
 * million later ids have expired in its group; SPEC.md says so to the reader.
 */
import type { ReadonlyStore, Store } from '../replicated/state-machine.ts'
import { rowKey, table } from './rows.ts'

const buckets = 4_096
export const bucketEntries = 256

export function isInLedger(store: ReadonlyStore, ...names: readonly string[]): boolean {
  if (table.ledger(store).size === 0) return false
  return names.some(name => {
    const hash = hash53(name)
    return bucketOf(store, hash).includes(hash)
  })
}

export function enterLedger(store: Store, name: string): void {
  const hash = hash53(name)
  const bucket = bucketOf(store, hash)
  if (bucket.includes(hash)) return
  const kept = bucket.length >= bucketEntries ? bucket.slice(1) : bucket
  table.ledger(store).put(String(hash % buckets), [...kept, hash])
  store.put(rowKey.ledger, ((store.get(rowKey.ledger) as number | undefined) ?? 0) + 1)
}

function bucketOf(store: ReadonlyStore, hash: number): readonly number[] {
  return table.ledger(store).get(String(hash % buckets)) ?? []
}

/** Two 32-bit FNV-1a lanes with different primes, mixed; 53 bits of them. */
export function hash53(text: string): number {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x85ebca6b)
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35) ^ (b >>> 13)
  b = Math.imul(b ^ (b >>> 16), 0x27d4eb2f) ^ (a >>> 13)
  return (a >>> 0) * 0x200000 + (b >>> 11)
}
