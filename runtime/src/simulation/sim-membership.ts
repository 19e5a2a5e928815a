/**
 * How a simulated node settles its standing (amnesia rule, membership/SPEC.md), and later hears late witnesses. A link
 * opens with a hello, and nothing of this life goes to a peer before it has answered: what it then tells is what it
 * had seen of earlier lives, and is compared with what the disk held when this life began.
 */
import type { NodeId } from '../address.ts'
import { provesLossLater, type Standing, settle } from '../membership/standing.ts'
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
  /** Standing is settled: at first, or again after a late witness; with what a new identity knows of its peers. */
  settled(standing: Settled, learnt?: ReadonlyMap<NodeId, Sighting>): void
  /** From now on this peer may be sent to. */
  linked(peer: NodeId): void
}

const helloEveryMs = 100

export class SimMembership {
  readonly #world: World
  readonly #node: Candidate
  readonly #random: Random
  readonly #seen: PeersSeen
  /** What the disk held when this life began. */
  #bootTurn = 0

  constructor(world: World, node: Candidate, random: Random) {
    this.#world = world
    this.#node = node
    this.#random = random
    this.#seen = new PeersSeen(node.id)
  }

  /** Peers that have answered in this life. */
  links(): Iterable<NodeId> {
    return this.#seen.witnesses.peers()
  }

  isLinked(peer: NodeId): boolean {
    return this.#seen.witnesses.has(peer)
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
    return this.#seen.sightings.takeNews()
  }

  onHello(from: NodeId, { boot, askedMs }: HelloFrame): void {
    this.#seen.greeted(from, boot)
    const { id, boot: life, status } = this.#node
    const testimony = { settled: status === 'running', sightings: this.#seen.sightings.copy() }
    this.#world.network.send(id, from, { kind: 'seen', boot, askedMs, life, testimony })
  }

  onSeen(from: NodeId, { boot, askedMs, life, testimony }: SeenFrame): void {
    const { witnesses } = this.#seen
    const wasRunning = this.#node.status === 'running'
    if (boot !== this.#node.boot || (wasRunning && witnesses.has(from))) return
    // As with the pings of a production node: who has answered is only asked whether it is still there.
    const isNew = !witnesses.has(from) || !witnesses.confirmed(from, String(life), askedMs)
    if (isNew) witnesses.heard(from, String(life), testimony, this.#world.scheduler.now)
    if (!wasRunning || this.#forgot(testimony.sightings.get(this.#node.id))) this.#settle()
    if (this.#node.status === 'running') this.#node.linked(from)
    else if (isNew) this.#ask()
  }

  /** Asks every peer what it saw of this node, until all have answered. */
  #greet(boot: number): void {
    if (boot !== this.#node.boot) return
    const { id, paused, status } = this.#node
    if (!paused) {
      this.#ask()
      if (status !== 'running') this.#settle()
    }
    const { witnesses } = this.#seen
    if (this.#node.status === 'running' && this.#world.nodes.every(one => one === id || witnesses.has(one)))
      return
    this.#world.scheduler.after(helloEveryMs, () => this.#greet(boot))
  }

  /** Whoever has not answered, and before the standing is settled also those whose answer may not count for ever. */
  #ask(): void {
    const { id, boot, status } = this.#node
    const { witnesses } = this.#seen
    for (const peer of this.#world.nodes) {
      const enough = status === 'running' ? witnesses.has(peer) : witnesses.isSettled(peer)
      if (peer === id || enough) continue
      this.#world.network.send(id, peer, { kind: 'hello', boot, askedMs: this.#world.scheduler.now })
    }
  }

  #settle(): void {
    const { id, storage } = this.#node
    const { witnesses, sightings } = this.#seen
    const standing = settle({
      cluster: 'simulated',
      node: id,
      own: storage.identity(),
      ownTurn: this.#bootTurn,
      counted: witnesses.counted(),
      seen: witnesses.seenOfUs(),
      members: this.#world.nodes,
      random: () => this.#random.next(),
    })
    if (!standing.settled) return
    const learns = standing.how !== 'kept' && this.#world.planted !== 'sightingsNotLearnt'
    this.#node.settled(standing, learns ? sightings.learn(witnesses.told) : undefined)
  }

  /** Whether a late answer proves it. */
  #forgot(seenOfUs: Sighting | undefined): boolean {
    const own = this.#node.storage.identity()
    return seenOfUs !== undefined && provesLossLater(own, this.#bootTurn, seenOfUs)
  }
}
