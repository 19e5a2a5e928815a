/** What a node saw of its peers (sightings, persisted with its turns), and what they say that they saw of it. */
import type { NodeId } from '../address.ts'
import { Sightings } from '../membership/sightings.ts'
import { Witnesses } from '../membership/witnesses.ts'
import type { Sighting } from '../storage/storage.ts'
import type { TurnFrame } from './network.ts'

export class PeersSeen {
  readonly witnesses: Witnesses
  sightings = new Sightings(new Map())
  readonly #links = new Map<NodeId, number>()

  constructor(self: NodeId) {
    this.witnesses = new Witnesses(self)
  }

  load(stored: ReadonlyMap<NodeId, Sighting>): void {
    this.clear()
    this.sightings = new Sightings(stored)
  }

  clear(): void {
    this.witnesses.clear()
    this.sightings = new Sightings(new Map())
    this.#links.clear()
  }

  /** A new life of the peer has opened its link: the link of the one before is closed. */
  greeted(peer: NodeId, boot: number): void {
    this.#links.set(peer, Math.max(boot, this.#links.get(peer) ?? 0))
  }

  /** Notes what a peer claims; false when it comes from a life that is over. */
  admit(peer: NodeId, { boot, incarnation, turn }: TurnFrame): boolean {
    if (boot < (this.#links.get(peer) ?? 0)) return false
    return this.sightings.claimed(peer, incarnation, turn)
  }
}
