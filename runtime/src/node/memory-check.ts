/**
 * The amnesia rule on a production node (membership/SPEC.md): what this node may claim, what it saw of its peers, what
 * they saw of it, and when that means that it has forgotten something.
 */
import { type NodeId, nodeId } from '../address.ts'
import { Sightings } from '../membership/sightings.ts'
import { noIncarnation, provesLossLater, type Standing, settle } from '../membership/standing.ts'
import { type Testimony, Witnesses } from '../membership/witnesses.ts'
import type { Claim } from '../mesh/frame.ts'
import type { Met } from '../mesh/handshake.ts'
import type { Identity, Storage } from '../storage/storage.ts'
import type { NodeOptions } from './options.ts'

export class MemoryCheck {
  readonly sightings: Sightings
  readonly #options: NodeOptions
  readonly #storage: Storage
  readonly #members: readonly NodeId[]
  /** The durable turn that this process found on its disk. */
  readonly #bootTurn: number
  readonly #witnesses: Witnesses
  /** Which link to a peer is the latest: whoever is at its end stays the same process while it lasts. */
  readonly #links = new Map<NodeId, number>()
  #identity: Identity | undefined
  #settled = false
  /** Set after a turn that persisted sightings only, which is not claimed towards peers (AM11). */
  #unclaimed: { readonly turn: number; readonly claimed: number } | undefined

  constructor(options: NodeOptions, storage: Storage) {
    this.#options = options
    this.#storage = storage
    this.#members = options.members.map(member => nodeId(member.id))
    this.#bootTurn = storage.turn()
    this.#identity = storage.identity()
    this.sightings = new Sightings(storage.sightings())
    this.#witnesses = new Witnesses(options.node)
  }

  get identity(): Identity | undefined {
    return this.#identity
  }

  claim(): Claim {
    const turn = this.#storage.turn()
    const claimed = this.#unclaimed?.turn === turn ? this.#unclaimed.claimed : turn
    return { incarnation: this.#identity?.incarnation ?? noIncarnation, turn: claimed }
  }

  get settled(): boolean {
    return this.#settled
  }

  /** What this node tells a peer that opens a link. */
  testimony(): Testimony {
    return { settled: this.#settled, sightings: this.sightings.copy() }
  }

  /**
   * A peer told what it has seen of this node: true when the standing is to be settled, for the first time or anew
   * (AM10).
   *
   * Until it is settled this process says nothing new of itself, so whatever is told is of earlier lives. Afterwards
   * frames go to a peer only after it has answered, so that its first answer is of earlier lives too; later ones tell
   * of what this process has said itself (AM12). All is compared with what the disk held when this life began.
   */
  witnessed({ peer, claim, testimony }: Met, nowMs: number): boolean {
    if (this.#settled && this.#witnesses.has(peer)) return false
    this.#links.set(peer, (this.#links.get(peer) ?? 0) + 1)
    this.#witnesses.heard(peer, this.#life(peer, claim), ofMembers(testimony, this.#members), nowMs)
    if (!this.#settled) return true
    const seenOfUs = testimony.sightings.get(this.#options.node)
    return seenOfUs !== undefined && provesLossLater(this.#identity, this.#bootTurn, seenOfUs)
  }

  /**
   * A peer answered what was asked at `askedMs`: false when it is not any more who it was and must be asked again
   * (AM13).
   */
  confirmed(peer: NodeId, claim: Claim, askedMs: number): boolean {
    return this.#settled || this.#witnesses.confirmed(peer, this.#life(peer, claim), askedMs)
  }

  /** Once settled, the identity is durable. */
  settle(): Standing {
    const { cluster, node } = this.#options
    const standing = settle({
      cluster,
      node,
      own: this.#identity,
      ownTurn: this.#bootTurn,
      counted: this.#witnesses.counted(),
      seen: this.#witnesses.seenOfUs(),
      members: this.#members,
      random: Math.random,
    })
    if (!standing.settled) return standing
    if (standing.how !== 'kept') {
      this.#storage.setIdentity(standing.identity, this.sightings.learn(this.#witnesses.told))
    }
    this.#identity = standing.identity
    this.#settled = true
    return standing
  }

  #life(peer: NodeId, { incarnation }: Claim): string {
    return `${this.#links.get(peer)} ${incarnation}`
  }

  /**
   * Persists what was seen of peers and no turn has carried yet (AM8); nothing before the standing is settled (AM16).
   */
  flush(): void {
    if (!this.#settled) return
    const news = this.sightings.takeNews()
    if (news === undefined) return
    const claimed = this.claim().turn
    const turn = this.#storage.turn() + 1
    this.#storage.commit(turn, [], news)
    this.#unclaimed = { turn, claimed }
  }
}

function ofMembers({ settled, sightings }: Testimony, members: readonly NodeId[]): Testimony {
  return { settled, sightings: new Map([...sightings].filter(([node]) => members.includes(node))) }
}
