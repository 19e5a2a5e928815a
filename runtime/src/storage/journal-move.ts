/**
 * Some turns on their way from the journal into the rows: all their rows together, sorted, so that a page of the table
 * is found, changed and written once for many of them.
 */
import type { KeyRange } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import type { PendingRows } from './pending-rows.ts'
import type { Sighting } from './storage.ts'
import type { TurnEntry } from './turn-entry.ts'

/** Where rows go. */
export interface RowWriter {
  eraseRange(actor: ActorId, range: KeyRange): void
  erase(actor: ActorId, key: string): void
  put(actor: ActorId, key: string, value: unknown): void
  see(node: NodeId, sighting: Sighting): void
}

/** One row on its way; without a value it is erased. */
export interface Move {
  readonly turn: number
  readonly actor: ActorId
  readonly key: string
  readonly put: boolean
  readonly value: unknown
}

export class Moving {
  /** The last of the turns. */
  readonly last: number
  readonly #pending: PendingRows
  /** The next one last. */
  readonly #left: Move[] = []

  /**
   * `turns` in order, up to `last`; of those that are missing nothing is left. Ranges are erased at once: what a turn
   * put into a range before it was erased is not pending any more, and what it put there afterwards is moved after
   * this.
   */
  constructor(
    last: number,
    turns: readonly (readonly [turn: number, entry: TurnEntry])[],
    pending: PendingRows,
    rows: RowWriter,
  ) {
    this.#pending = pending
    this.last = last
    for (const [turn, entry] of turns) this.#take(turn, entry, rows)
    this.#left.sort((a, b) => compare(b.actor, a.actor) || compare(b.key, a.key))
  }

  get isDone(): boolean {
    return this.#left.length === 0
  }

  /** Moves at most so many rows. One that a later turn has written again by now stays where it is. */
  some(rows: RowWriter, most: number): void {
    for (let left = most; left > 0; left--) {
      const move = this.#left.pop()
      if (move === undefined) return
      const { turn, actor, key, put, value } = move
      if (!this.#pending.take(turn, actor, key)) continue
      if (put) rows.put(actor, key, value)
      else rows.erase(actor, key)
    }
  }

  #take(turn: number, { actors }: TurnEntry, rows: RowWriter): void {
    for (const { actor, erased, puts } of actors) {
      for (const range of this.#pending.takeRanges(turn, actor)) rows.eraseRange(actor, range)
      for (const key of erased) this.#add({ turn, actor, key, put: false, value: undefined })
      for (const [key, value] of puts) this.#add({ turn, actor, key, put: true, value })
    }
  }

  #add(move: Move): void {
    if (this.#pending.of(move.actor)?.latest.get(move.key) === move.turn) this.#left.push(move)
  }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
