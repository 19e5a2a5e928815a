/**
 * Takes nodes' memory: the disk, or all that was written since a copy of its folder, or a single bit, whose damage the
 * store reports at the next start; then an operator replaces the disk. At most a minority of each group is without
 * memory at once, and only when the others can testify that something is forgotten: what the amnesia rule survives.
 */
import type { GroupConfig } from '@synod/actors'
import type { NodeId } from '@synod/runtime/protocol'
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
  #left: number

  constructor(run: Run, groups: readonly GroupConfig[], untilMs: number) {
    this.#run = run
    this.#sim = run.sim
    this.#random = run.random.fork('amnesia')
    this.#groups = groups
    this.#untilMs = untilMs
    this.#kinds = memoryFaults.filter(kind => run.has(kind))
    this.#left = this.#random.integer(1, 4)
  }

  begin(): void {
    if (this.#kinds.length > 0) this.#sim.after(this.#random.between(100, 1500), () => this.#again())
  }

  #again(): void {
    const sim = this.#sim
    if (this.#left === 0 || sim.now > this.#untilMs) return
    const node = this.#random.pick(sim.nodes)
    const kind = this.#random.pick(this.#kinds)
    if (this.#copies.size === 0) for (const one of sim.nodes) this.#copies.set(one, sim.storage(one).copy())
    for (const one of this.#lost) if (this.#remembers(one)) this.#lost.delete(one)
    const from = kind === 'rollback' ? (this.#copies.get(node)?.turn() ?? 0) : 0
    if (this.#mayLose(node) && this.#allTestify(node, from)) {
      this.#left -= 1
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
    sim.crash(node, copy === undefined ? { wipe: true } : { rollback: copy.copy() })
    this.#run.reached(copy === undefined ? 'wipe' : 'rollback')
    sim.after(this.#random.between(1, 1000), () => sim.restart(node))
  }

  #flip(node: NodeId): void {
    const storage = this.#sim.storage(node)
    const actor = this.#random.pick(storage.actors())
    const keys = [...storage.rows(actor).entries()].map(([key]) => key)
    this.#sim.flipBit(node, actor, this.#random.pick(keys))
  }

  /** A refused start is seen by somebody, some time later. */
  #restartAndMend(node: NodeId): void {
    const sim = this.#sim
    sim.after(this.#random.between(1, 500), () => {
      if (!sim.damaged(node)) sim.restart(node)
      else {
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

  /** Nor while one that lost its memory is away: a witness that forgets what it saw of it does not learn that again. */
  #mayLose(node: NodeId): boolean {
    if ([node, ...this.#lost].some(one => this.#sim.status(one) !== 'running')) return false
    return this.#groups.every(({ members }) => {
      const lost = members.filter(one => one === node || this.#lost.has(one)).length
      return !members.includes(node) || lost <= Math.floor((members.length - 1) / 2)
    })
  }

  /** Durably: a witness that crashes meanwhile still knows. */
  #allTestify(node: NodeId, turn: number): boolean {
    const sim = this.#sim
    const incarnation = sim.storage(node).identity()?.incarnation
    return sim.nodes.every(witness => {
      if (witness === node || this.#lost.has(witness)) return true
      const seen = sim.storage(witness).sightings().get(node)
      return seen !== undefined && seen.incarnation === incarnation && seen.turn > turn
    })
  }
}
