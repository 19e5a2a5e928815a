/** What every kind of fault needs: whom to hit, for how long, and how many may be out at once. */
import type { NodeId } from '../../address.ts'
import type { Random } from '../random.ts'
import type { Simulation } from '../simulation.ts'

/** Whom faults hit with preference: the leader of the moment. */
export type Victim = () => NodeId | undefined

/** Plays one fault, and plans its end. */
export type Fault = (field: Field) => void

export class Field {
  readonly sim: Simulation
  readonly random: Random
  /** At most so many nodes are taken out at once. */
  readonly #most: number
  readonly #victim: Victim
  /** Nodes that a fault has taken out, until it gives them back. */
  readonly #taken = new Set<NodeId>()
  #open = true

  constructor(sim: Simulation, random: Random, most: number, victim: Victim) {
    this.sim = sim
    this.random = random
    this.#most = most
    this.#victim = victim
  }

  /** Nothing that was planned happens any more: what is broken stays broken until `heal`. */
  close(): void {
    this.#open = false
  }

  later(ms: number, run: () => void): void {
    this.sim.after(ms, () => {
      if (this.#open) run()
    })
  }

  /** Mostly shorter than usual time-outs, or about as long; sometimes longer than any. */
  lasting(): number {
    const [from, to] = this.random.pick([
      [10, 300],
      [10, 300],
      [300, 1500],
      [300, 1500],
      [1500, 5000],
    ] as const)
    return this.random.between(from, to)
  }

  node(): NodeId {
    const victim = this.random.chance(0.4) ? this.#victim() : undefined
    return victim ?? this.random.pick(this.sim.nodes)
  }

  leader(): NodeId | undefined {
    return this.#victim()
  }

  /** All but these, in any order. */
  others(...than: readonly NodeId[]): NodeId[] {
    return this.random.shuffle(this.sim.nodes.filter(node => !than.includes(node)))
  }

  /** A node to take out, unless too many are out already. */
  take(): NodeId | undefined {
    const node = this.node()
    if (this.#taken.size >= this.#most || this.#taken.has(node)) return undefined
    this.#taken.add(node)
    return node
  }

  giveBack(node: NodeId): void {
    this.#taken.delete(node)
  }

  giveBackWhenUp(node: NodeId): void {
    this.later(50, () => {
      if (this.sim.status(node) === 'running') this.giveBack(node)
      else this.giveBackWhenUp(node)
    })
  }
}
