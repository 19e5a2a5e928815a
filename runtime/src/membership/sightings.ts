/**
 * The highest incarnation and durable turn that this node saw of each peer, and what of it is not persisted yet
 * (AM8).
 */
import type { NodeId } from '../address.ts'
import type { Sighting } from '../storage/storage.ts'
import { admits, later, observe } from './standing.ts'

export class Sightings {
  readonly #highest: Map<NodeId, Sighting>
  #news = new Map<NodeId, Sighting>()

  constructor(stored: ReadonlyMap<NodeId, Sighting>) {
    this.#highest = new Map(stored)
  }

  of(peer: NodeId): Sighting | undefined {
    return this.#highest.get(peer)
  }

  /** All of them, as they are now. */
  copy(): ReadonlyMap<NodeId, Sighting> {
    return new Map(this.#highest)
  }

  /** Notes what a peer claims; false when it speaks for a life that is over. */
  claimed(peer: NodeId, incarnation: string, turn: number): boolean {
    const highest = this.#highest.get(peer)
    // The common case, a hundred thousand times a second.
    if (highest?.incarnation === incarnation && highest.turn >= turn && highest.hearsay !== true) return true
    if (!admits(highest, incarnation)) return false
    const seen = observe(highest, incarnation, turn)
    if (seen !== undefined && seen !== highest) {
      this.#highest.set(peer, seen)
      this.#news.set(peer, seen)
    }
    return true
  }

  /** Takes over what others told, marked as such (AM14). Returns all there is: the caller must persist it. */
  learn(told: ReadonlyMap<NodeId, Sighting>): ReadonlyMap<NodeId, Sighting> {
    for (const [peer, { incarnation, turn }] of told) {
      const known = this.#highest.get(peer)
      const highest = later(known, { incarnation, turn, hearsay: true })
      if (highest !== undefined) this.#highest.set(peer, highest)
    }
    this.#news.clear()
    return this.copy()
  }

  /** What is to be persisted, handed over once; undefined when there is nothing. */
  takeNews(): ReadonlyMap<NodeId, Sighting> | undefined {
    if (this.#news.size === 0) return undefined
    const news = this.#news
    this.#news = new Map()
    return news
  }
}
