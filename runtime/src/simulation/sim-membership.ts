/**
 * How a simulated node settles its standing (amnesia rule, membership/SPEC.md), and later hears late witnesses. A link
 * opens with a hello, and nothing of this life goes to a peer before it has answered: what it then tells is what it
 * had seen of earlier lives, and is compared with what the disk held when this life began.
 */
import type { NodeId } from '../address.ts'
import { provesLoss, type Standing, settle } from '../membership/standing.ts'
import type { MemoryStorage } from '../storage/memory.ts'
import type { Sighting } from '../storage/storage.ts'
import type { HelloFrame, SeenFrame, TurnFrame } from './network.ts'
import { PeersSeen } from './peers-seen.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

type Settled = Extract<Standing, { settled: true }>

/** The node that this is part of. */
export interface Candidate {
  readonly id: NodeId
  readonly storage: MemoryStorage
  readonly boot: number
  readonly status: 'down' | 'settling' | 'running'
  readonly paused: boolean
  /** Standing is settled: at first, or again after a late witness. */
  settled(standing: Settled): void
  /** From now on this peer may be sent to. */
  linked(peer: NodeId): void
}

const helloEveryMs = 100

export class SimMembership {
  readonly #world: World
  readonly #node: Candidate
  readonly #random: Random
  readonly #seen = new PeersSeen()
  /** What the disk held when this life began. */
  #bootTurn = 0

  constructor(world: World, node: Candidate, random: Random) {
    this.#world = world
    this.#node = node
    this.#random = random
  }

  /** Peers that have answered in this life. */
  links(): Iterable<NodeId> {
    return this.#seen.answers.keys()
  }

  isLinked(peer: NodeId): boolean {
    return this.#seen.answers.has(peer)
  }

  /** A life begins. */
  begin(): void {
    this.#bootTurn = this.#node.storage.turn()
    this.#seen.load(this.#node.storage.sightings())
    this.#greet(this.#node.boot)
  }

  /** The same process goes on as a new incarnation: who has not answered yet is asked again. */
  beginAgain(): void {
    this.#bootTurn = this.#node.storage.turn()
    this.#greet(this.#node.boot)
  }

  clear(): void {
    this.#seen.clear()
  }

  admit(from: NodeId, frame: TurnFrame): boolean {
    return this.#seen.admit(from, frame)
  }

  news(): ReadonlyMap<NodeId, Sighting> | undefined {
    return this.#seen.news()
  }

  onHello(from: NodeId, { boot }: HelloFrame): void {
    this.#seen.greeted(from, boot)
    this.#world.network.send(this.#node.id, from, { kind: 'seen', boot, sighting: this.#seen.of(from) })
  }

  onSeen(from: NodeId, { boot, sighting }: SeenFrame): void {
    if (boot !== this.#node.boot || this.#seen.answers.has(from)) return
    this.#seen.answers.set(from, sighting)
    this.#reconsider()
    if (this.#node.status === 'running') this.#node.linked(from)
  }

  /** Asks every peer what it saw of this node, until all have answered. */
  #greet(boot: number): void {
    const { id, paused } = this.#node
    if (boot !== this.#node.boot) return
    const missing = this.#world.nodes.filter(peer => peer !== id && !this.#seen.answers.has(peer))
    if (!paused) {
      for (const peer of missing) this.#world.network.send(id, peer, { kind: 'hello', boot })
      this.#reconsider()
    }
    if (missing.length > 0) this.#world.scheduler.after(helloEveryMs, () => this.#greet(boot))
  }

  /** First whether the node may start at all; later whether a late answer proves that it has forgotten something. */
  #reconsider(): void {
    const { id, storage, status } = this.#node
    const own = storage.identity()
    const { answers } = this.#seen
    if (status === 'running' && !this.#forgot()) return
    const standing = settle({
      cluster: 'simulated',
      node: id,
      own,
      ownTurn: this.#bootTurn,
      answers,
      members: this.#world.nodes,
      random: () => this.#random.next(),
    })
    if (standing.settled) this.#node.settled(standing)
  }

  #forgot(): boolean {
    const own = this.#node.storage.identity()
    for (const sighting of this.#seen.answers.values()) {
      if (sighting !== undefined && provesLoss(own, this.#bootTurn, sighting)) return true
    }
    return false
  }
}
