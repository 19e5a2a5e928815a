/**
 * Takes nodes' memory: the disk, or all that was written since a copy of its folder, or a single bit, whose damage the
 * store reports at the next start; then an operator replaces the disk. At most a minority of each group is without
 * memory at once, and only when the others can testify that something is forgotten: what the amnesia rule survives,
 * however long a node stays away and whatever its witnesses lose and learn again meanwhile. Whoever lost its memory
 * must be told so before its actors run.
 */
import type { GroupConfig } from '@synod/actors'
import { assert, type NodeId } from '@synod/runtime/protocol'
import type { Random, Simulation } from '@synod/runtime/simulation'
import type { Run } from './suite.ts'
import { acceptorVotes } from './suites/paxos-invariants.ts'

export const memoryFaults = ['wipe', 'rollback', 'damage'] as const
type MemoryFault = (typeof memoryFaults)[number]

/** Tries at random times until `untilMs`, a few times at most. */
export function loseMemory(run: Run, groups: readonly GroupConfig[], untilMs: number): void {
  new Amnesia(run, groups, untilMs).begin()
}

class Amnesia {
  readonly #run: Run
  readonly #sim: Simulation
  readonly #random: Random
  readonly #groups: readonly GroupConfig[]
  readonly #untilMs: number
  readonly #kinds: readonly MemoryFault[]
  readonly #copies = new Map<NodeId, ReturnType<Simulation['storage']>>()
  /** Without memory, and not yet recovered in all its groups. */
  readonly #lost = new Set<NodeId>()
  /** Of each that is away without its memory, the witnesses that lost theirs meanwhile. */
  readonly #forgetful = new Map<NodeId, Set<NodeId>>()
  /** The incarnation that must not go on. */
  readonly #over = new Map<NodeId, string>()
  #left: number

  constructor(run: Run, groups: readonly GroupConfig[], untilMs: number) {
    this.#run = run
    this.#sim = run.sim
    this.#random = run.random.fork('amnesia')
    this.#groups = groups
    this.#untilMs = untilMs
    this.#kinds = memoryFaults.filter(kind => run.has(kind))
    this.#left = this.#random.integer(1, 6)
  }

  begin(): void {
    if (this.#kinds.length === 0) return
    this.#sim.check((sim, node) => this.#isTold(sim, node))
    this.#sim.after(this.#random.between(100, 1500), () => this.#again())
  }

  #again(): void {
    const sim = this.#sim
    if (this.#left === 0 || sim.now > this.#untilMs) return
    const node = this.#random.pick(sim.nodes)
    const kind = this.#random.pick(this.#kinds)
    if (this.#copies.size === 0) for (const one of sim.nodes) this.#copies.set(one, sim.storage(one).copy())
    for (const one of this.#lost) if (this.#remembers(one)) this.#lost.delete(one)
    const from = kind === 'rollback' ? (this.#copies.get(node)?.turn() ?? 0) : 0
    if (sim.status(node) === 'running' && this.#mayLose(node) && this.#allTestify(node, from)) {
      this.#left -= 1
      for (const away of this.#lost) if (sim.status(away) === 'down') this.#forgets(node, away)
      this.#lost.add(node)
      if (this.#lost.size > 1) this.#run.reached('two without memory at once')
      this.#take(node, kind)
    }
    sim.after(this.#random.between(50, 800), () => this.#again())
  }

  #take(node: NodeId, kind: MemoryFault): void {
    const sim = this.#sim
    const copy = kind === 'rollback' ? this.#copies.get(node) : undefined
    this.#copies.delete(node)
    if (kind === 'damage') {
      sim.crash(node)
      this.#flip(node)
      this.#restartAndMend(node)
      return
    }
    this.#ends(node)
    sim.crash(node, copy === undefined ? { wipe: true } : { rollback: copy.copy() })
    this.#run.reached(copy === undefined ? 'wipe' : 'rollback')
    // One that stays away for long gives the others time to lose their memory, and to recover, one after the other.
    const isLong = this.#lost.size === 1 && this.#random.chance(0.5)
    sim.after(isLong ? this.#random.between(1000, 5000) : this.#random.between(1, 500), () =>
      this.#return(node),
    )
  }

  /** What it saw of the one that is away. */
  #forgets(witness: NodeId, away: NodeId): void {
    this.#run.reached('a witness loses its memory')
    const witnesses = this.#forgetful.get(away) ?? new Set()
    this.#forgetful.set(away, witnesses.add(witness))
  }

  /** When so many witnesses have lost their memory meanwhile that it needs no other, it hears them first. */
  #return(node: NodeId): void {
    const sim = this.#sim
    if (sim.status(node) !== 'down') return
    const witnesses = this.#forgetful.get(node) ?? new Set()
    this.#forgetful.delete(node)
    const others = sim.nodes.filter(one => one !== node && !witnesses.has(one))
    if (witnesses.size >= Math.floor(sim.nodes.length / 2)) {
      this.#run.reached('asks only who lost its memory')
      sim.partition([node], others)
      sim.after(500, () => {
        for (const one of others) {
          sim.mend(node, one)
          sim.mend(one, node)
        }
      })
    }
    sim.restart(node)
  }

  #flip(node: NodeId): void {
    const storage = this.#sim.storage(node)
    const actors = [...storage.actors()]
    // A node that has just lost all it had has nothing to damage yet.
    if (actors.length === 0) return
    const actor = this.#random.pick(actors)
    const keys = [...storage.rows(actor).entries()].map(([key]) => key)
    if (keys.length > 0) this.#sim.flipBit(node, actor, this.#random.pick(keys))
  }

  /** A refused start is seen by somebody, some time later. */
  #restartAndMend(node: NodeId): void {
    const sim = this.#sim
    sim.after(this.#random.between(1, 500), () => {
      if (!sim.damaged(node)) sim.restart(node)
      else {
        this.#ends(node)
        sim.crash(node, { wipe: true })
        this.#run.reached('wipe')
        sim.restart(node)
      }
      if (sim.status(node) !== 'running') this.#restartAndMend(node)
    })
  }

  #remembers(node: NodeId): boolean {
    return this.#groups.every(
      ({ group, members }) => !members.includes(node) || acceptorVotes(this.#sim, node, group),
    )
  }

  /** On its disk is what an earlier life left, or nothing. */
  #isForgetful(node: NodeId): boolean {
    const identity = this.#sim.storage(node).identity()
    return identity === undefined || identity.incarnation === this.#over.get(node)
  }

  /** Just before its disk is replaced. */
  #ends(node: NodeId): void {
    const incarnation = this.#sim.storage(node).identity()?.incarnation
    if (incarnation !== undefined) this.#over.set(node, incarnation)
  }

  /** [AM4] At its first turn already, whichever majority it asked. */
  #isTold(sim: Simulation, node: NodeId): void {
    const over = this.#over.get(node)
    const identity = sim.storage(node).identity()
    if (over === undefined || identity === undefined) return
    const { incarnation, amnesiac } = identity
    assert(incarnation !== over, `${node} lost its memory and goes on as ${incarnation}`)
    assert(amnesiac, `${node} lost its memory and begins as ${incarnation}, as if it had never been`)
  }

  #mayLose(node: NodeId): boolean {
    return this.#groups.every(({ members }) => {
      const lost = members.filter(one => one === node || this.#lost.has(one)).length
      return !members.includes(node) || lost <= Math.floor((members.length - 1) / 2)
    })
  }

  /**
   * Durably: a witness that crashes meanwhile still knows. One that is without memory itself and not up will ask the
   * others; one that is asking now might have asked before this turn (membership/SPEC.md, P).
   */
  #allTestify(node: NodeId, turn: number): boolean {
    const sim = this.#sim
    const incarnation = sim.storage(node).identity()?.incarnation
    return sim.nodes.every(witness => {
      if (witness === node || (sim.status(witness) === 'down' && this.#isForgetful(witness))) return true
      const seen = sim.storage(witness).sightings().get(node)
      return seen !== undefined && seen.incarnation === incarnation && seen.turn > turn
    })
  }
}
