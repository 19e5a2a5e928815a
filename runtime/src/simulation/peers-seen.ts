/** What a node saw of its peers (sightings, persisted with its turns), and what they say that they saw of it. */
import type { NodeId } from '../address.ts'
import { admits, observe } from '../membership/standing.ts'
import type { Sighting } from '../storage/storage.ts'
import type { TurnFrame } from './network.ts'

export class PeersSeen {
  /** What each peer that answered has seen of this node in its earlier lives. */
  readonly answers = new Map<NodeId, Sighting | undefined>()
  readonly #highest = new Map<NodeId, Sighting>()
  readonly #links = new Map<NodeId, number>()
  #news: Map<NodeId, Sighting> | undefined

  load(stored: ReadonlyMap<NodeId, Sighting>): void {
    this.clear()
    for (const [peer, sighting] of stored) this.#highest.set(peer, sighting)
  }

  clear(): void {
    this.answers.clear()
    this.#highest.clear()
    this.#links.clear()
    this.#news = undefined
  }

  of(peer: NodeId): Sighting | undefined {
    return this.#highest.get(peer)
  }

  /** A new life of the peer has opened its link: the link of the one before is closed. */
  greeted(peer: NodeId, boot: number): void {
    this.#links.set(peer, Math.max(boot, this.#links.get(peer) ?? 0))
  }

  /** Notes what a peer claims; false when it comes from a life that is over. */
  admit(peer: NodeId, { boot, incarnation, turn }: TurnFrame): boolean {
    if (boot < (this.#links.get(peer) ?? 0)) return false
    const highest = this.#highest.get(peer)
    if (!admits(highest, incarnation)) return false
    const now = observe(highest, incarnation, turn)
    if (now !== undefined && now !== highest) {
      this.#highest.set(peer, now)
      this.#news ??= new Map()
      this.#news.set(peer, now)
    }
    return true
  }

  /** What was not persisted yet; handed over once. */
  news(): ReadonlyMap<NodeId, Sighting> | undefined {
    const news = this.#news
    this.#news = undefined
    return news
  }
}
