/** The last things that happened on a node: what actors noted, what failed, what could not be delivered. */
import type { Json } from '@synod/runtime/protocol'

export interface NodeEvent {
  /** Counts from 1 for each start of the node; readers ask for what comes after. */
  readonly sequence: number
  readonly wallMs: number
  readonly actor: string
  readonly name: string
  readonly attributes: Readonly<Record<string, Json>>
}

export class EventRing {
  readonly #slots: NodeEvent[] = []
  readonly #capacity: number
  #last = 0

  constructor(capacity = 2048) {
    this.#capacity = capacity
  }

  add(wallMs: number, actor: string, name: string, attributes: NodeEvent['attributes']): void {
    this.#last += 1
    const event = { sequence: this.#last, wallMs, actor, name, attributes }
    this.#slots[(this.#last - 1) % this.#capacity] = event
  }

  /**
   * Oldest first. Events that were overwritten are missed: the first sequence tells. A sequence that is yet to come was
   * heard from this node before it started again: then all is new.
   */
  after(sequence: number, limit: number): readonly NodeEvent[] {
    const heard = sequence > this.#last ? 0 : sequence
    const first = Math.max(heard, this.#last - this.#slots.length) + 1
    const events: NodeEvent[] = []
    for (let at = first; at <= this.#last && events.length < limit; at++) {
      const event = this.#slots[(at - 1) % this.#capacity]
      if (event !== undefined) events.push(event)
    }
    return events
  }

  /** The last `count`, oldest first. */
  last(count: number): readonly NodeEvent[] {
    return this.after(Math.max(0, this.#last - count), count)
  }
}
