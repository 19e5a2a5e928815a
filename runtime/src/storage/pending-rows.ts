/**
 * Which rows of which turns are in the journal only. For each actor: the turn that last wrote a key, unless a later
 * erasure of a range took it, and the ranges. Values are not kept: the journal has them.
 */
import type { KeyRange } from '../actor.ts'
import type { ActorId } from '../address.ts'

export interface PendingActor {
  /** Key → the turn that wrote or erased it last. */
  readonly latest: Map<string, number>
  readonly ranges: (KeyRange & { readonly turn: number })[]
}

/** What a turn did to an actor's rows, without the values: ranges first. */
export interface Touched {
  readonly actor: ActorId
  readonly ranges: readonly KeyRange[]
  readonly keys: Iterable<string>
}

export class PendingRows {
  readonly #actors = new Map<ActorId, PendingActor>()

  of(actor: ActorId): PendingActor | undefined {
    return this.#actors.get(actor)
  }

  actors(): Iterable<ActorId> {
    return this.#actors.keys()
  }

  note(turn: number, { actor, ranges, keys }: Touched): void {
    let pending = this.#actors.get(actor)
    if (pending === undefined) {
      pending = { latest: new Map(), ranges: [] }
      this.#actors.set(actor, pending)
    }
    for (const { from, to } of ranges) {
      pending.ranges.push({ from, to, turn })
      for (const key of pending.latest.keys()) if (key >= from && key < to) pending.latest.delete(key)
    }
    for (const key of keys) pending.latest.set(key, turn)
  }

  /** The ranges of this turn go to the rows now. */
  takeRanges(turn: number, actor: ActorId): readonly KeyRange[] {
    const ranges = this.#actors.get(actor)?.ranges
    const later = ranges?.findIndex(range => range.turn > turn) ?? -1
    return ranges?.splice(0, later < 0 ? ranges.length : later) ?? []
  }

  /** True when no later turn has written the key: then its value goes to the rows now. */
  take(turn: number, actor: ActorId, key: string): boolean {
    const latest = this.#actors.get(actor)?.latest
    if (latest?.get(key) !== turn) return false
    latest.delete(key)
    return true
  }
}
