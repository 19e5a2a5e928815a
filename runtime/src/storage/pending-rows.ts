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
  /** How many keys and ranges each turn was the last to write; turns with none are not here. */
  readonly #counts = new Map<number, number>()

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
    const { latest } = pending
    let count = ranges.length
    for (const { from, to } of ranges) {
      pending.ranges.push({ from, to, turn })
      for (const [key, before] of latest) {
        if (key < from || key >= to) continue
        latest.delete(key)
        this.#forget(before)
      }
    }
    for (const key of keys) {
      const before = latest.get(key)
      latest.set(key, turn)
      if (before === turn) continue
      if (before !== undefined) this.#forget(before)
      count++
    }
    if (count > 0) this.#counts.set(turn, (this.#counts.get(turn) ?? 0) + count)
  }

  /** Whether later turns, or a move, have taken all that it wrote: then it need not be read. */
  isDead(turn: number): boolean {
    return !this.#counts.has(turn)
  }

  /** The ranges of this turn go to the rows now. */
  takeRanges(turn: number, actor: ActorId): readonly KeyRange[] {
    const ranges = this.#actors.get(actor)?.ranges
    const later = ranges?.findIndex(range => range.turn > turn) ?? -1
    const taken = ranges?.splice(0, later < 0 ? ranges.length : later) ?? []
    for (const range of taken) this.#forget(range.turn)
    return taken
  }

  /** True when no later turn has written the key: then its value goes to the rows now. */
  take(turn: number, actor: ActorId, key: string): boolean {
    const latest = this.#actors.get(actor)?.latest
    if (latest?.get(key) !== turn) return false
    latest.delete(key)
    this.#forget(turn)
    return true
  }

  #forget(turn: number): void {
    const left = (this.#counts.get(turn) ?? 0) - 1
    if (left > 0) this.#counts.set(turn, left)
    else this.#counts.delete(turn)
  }
}
