/**
 * The amnesia rule on a production node (membership/SPEC.md): what this node may claim, what it saw of its peers, what
 * they saw of it, and when that means that it has forgotten something.
 */
import { type NodeId, nodeId } from '../address.ts'
import { Sightings } from '../membership/sightings.ts'
import { noIncarnation, provesLoss, type Standing, settle } from '../membership/standing.ts'
import type { Claim } from '../mesh/frame.ts'
import type { Identity, Sighting, Storage } from '../storage/storage.ts'
import type { NodeOptions } from './options.ts'

export class MemoryCheck {
  readonly sightings: Sightings
  readonly #options: NodeOptions
  readonly #storage: Storage
  readonly #members: readonly NodeId[]
  /** The durable turn that this process found on its disk. */
  readonly #bootTurn: number
  /** What each peer has seen of earlier lives of this node. */
  readonly #answers = new Map<NodeId, Sighting | undefined>()
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
  }

  get identity(): Identity | undefined {
    return this.#identity
  }

  claim(): Claim {
    const turn = this.#storage.turn()
    const claimed = this.#unclaimed?.turn === turn ? this.#unclaimed.claimed : turn
    return { incarnation: this.#identity?.incarnation ?? noIncarnation, turn: claimed }
  }

  /**
   * A peer told what it has seen of this node: true when the standing is to be settled, for the first time or anew (AM10).
   *
   * Frames go to a peer only after it has answered, so its first answer tells of earlier lives, and is compared with what the
   * disk held when this one began. Later answers tell of what this process has said itself (AM12).
   */
  witnessed(peer: NodeId, seenOfUs: Sighting | undefined): boolean {
    if (this.#answers.has(peer)) return false
    this.#answers.set(peer, seenOfUs)
    if (!this.#settled) return true
    return seenOfUs !== undefined && provesLoss(this.#identity, this.#bootTurn, seenOfUs)
  }

  /** Once settled, the identity is durable. */
  settle(): Standing {
    const { cluster, node } = this.#options
    const standing = settle({
      cluster,
      node,
      own: this.#identity,
      ownTurn: this.#bootTurn,
      answers: this.#answers,
      members: this.#members,
      random: Math.random,
    })
    if (!standing.settled) return standing
    if (standing.how !== 'kept') this.#storage.setIdentity(standing.identity)
    this.#identity = standing.identity
    this.#settled = true
    return standing
  }

  /** Persists what was seen of peers and no turn has carried yet (AM8). */
  flush(): void {
    const news = this.sightings.takeNews()
    if (news === undefined) return
    const claimed = this.claim().turn
    const turn = this.#storage.turn() + 1
    this.#storage.commit(turn, [], news)
    this.#unclaimed = { turn, claimed }
  }
}
