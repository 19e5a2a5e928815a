/**
 * A turn's writes brought into an order that an engine can apply in one pass: first the range erasures, then at most
 * one write per key. A write that a later erasure of its range covers is dropped, one that follows it is kept.
 *
 * Values are encoded here, before any engine has changed anything: one that cannot be encoded leaves no half turn.
 */
import type { KeyRange } from '../actor.ts'
import type { ActorId } from '../address.ts'
import { encode } from '../codec.ts'
import type { Write } from './storage.ts'

export interface ActorWrites {
  readonly ranges: readonly KeyRange[]
  /** The last write to each key: the encoded value, or null when the key is erased. */
  readonly keys: ReadonlyMap<string, Uint8Array | null>
}

interface Merging {
  readonly ranges: KeyRange[]
  readonly keys: Map<string, Write>
}

export function mergeWrites(writes: readonly Write[]): Map<ActorId, ActorWrites> {
  const byActor = new Map<ActorId, Merging>()
  for (const write of writes) {
    let of = byActor.get(write.actor)
    if (!of) {
      of = { ranges: [], keys: new Map() }
      byActor.set(write.actor, of)
    }
    if ('key' in write) of.keys.set(write.key, write)
    else if (typeof write.erase === 'string') of.keys.set(write.erase, write)
    else eraseRange(of, write.erase)
  }
  const merged = new Map<ActorId, ActorWrites>()
  for (const [actor, { ranges, keys }] of byActor) merged.set(actor, { ranges, keys: encoded(keys) })
  return merged
}

function eraseRange(merging: Merging, range: KeyRange): void {
  merging.ranges.push(range)
  for (const key of merging.keys.keys()) {
    if (key >= range.from && key < range.to) merging.keys.delete(key)
  }
}

/** A row is one thing. */
const fewAlike = 1

function encoded(keys: ReadonlyMap<string, Write>): Map<string, Uint8Array | null> {
  const bytes = new Map<string, Uint8Array | null>()
  for (const [key, write] of keys) bytes.set(key, 'key' in write ? encode(write.value, fewAlike) : null)
  return bytes
}
