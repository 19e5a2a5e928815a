/**
 * A turn's writes brought into an order that an engine can apply in one pass: first the range erasures, then at most
 * one write per key. A write that a later erasure of its range covers is dropped, one that follows it is kept.
 */
import type { KeyRange } from '../actor.ts'
import type { ActorId } from '../address.ts'
import type { Write } from './storage.ts'

export interface ActorWrites {
  readonly ranges: readonly KeyRange[]
  /** The last write to each key: a value, or that it is erased. */
  readonly keys: ReadonlyMap<string, Write>
}

interface Merging {
  readonly ranges: KeyRange[]
  readonly keys: Map<string, Write>
}

export function mergeWrites(writes: readonly Write[]): ReadonlyMap<ActorId, ActorWrites> {
  const byActor = new Map<ActorId, Merging>()
  let actor: ActorId | undefined
  let of: Merging | undefined
  for (const write of writes) {
    if (of === undefined || write.actor !== actor) {
      actor = write.actor
      of = mergingOf(byActor, actor)
    }
    if ('key' in write) of.keys.set(write.key, write)
    else if (typeof write.erase === 'string') of.keys.set(write.erase, write)
    else eraseRange(of, write.erase)
  }
  return byActor
}

function mergingOf(byActor: Map<ActorId, Merging>, actor: ActorId): Merging {
  let of = byActor.get(actor)
  if (of === undefined) {
    of = { ranges: [], keys: new Map() }
    byActor.set(actor, of)
  }
  return of
}

function eraseRange(merging: Merging, range: KeyRange): void {
  merging.ranges.push(range)
  for (const key of merging.keys.keys()) {
    if (key >= range.from && key < range.to) merging.keys.delete(key)
  }
}
