/**
 * Takes a node's memory: its disk, or all that was written since a copy of its folder. At most one node at a time, and
 * only when all others can testify that it has forgotten something: what the amnesia rule promises to survive.
 */
import type { GroupConfig } from '@synod/actors'
import type { NodeId } from '@synod/runtime/protocol'
import type { Simulation } from '@synod/runtime/simulation'
import type { Run } from './suite.ts'
import { acceptorsVote } from './suites/paxos-invariants.ts'

/** Tries at random times until `untilMs`, twice at most. */
export function loseMemory(run: Run, groups: readonly GroupConfig[], untilMs: number): void {
  const { sim } = run
  const random = run.random.fork('amnesia')
  const copies = new Map<NodeId, ReturnType<Simulation['storage']>>()
  let left = 2
  const again = () => {
    if (left === 0 || sim.now > untilMs) return
    const node = random.pick(sim.nodes)
    if (copies.size === 0) for (const one of sim.nodes) copies.set(one, sim.storage(one).copy())
    const copy = random.chance(0.5) ? copies.get(node) : undefined
    if (
      sim.status(node) === 'running' &&
      acceptorsVote(sim, groups) &&
      allTestify(sim, node, copy?.turn() ?? 0)
    ) {
      left -= 1
      copies.delete(node)
      sim.crash(node, copy === undefined ? { wipe: true } : { rollback: copy.copy() })
      run.reached(copy === undefined ? 'wipe' : 'rollback')
      sim.after(random.between(1, 1000), () => sim.restart(node))
    }
    sim.after(random.between(50, 800), again)
  }
  sim.after(random.between(100, 1500), again)
}

/** Durably: a witness that crashes meanwhile still knows. */
function allTestify(sim: Simulation, node: NodeId, turn: number): boolean {
  const incarnation = sim.storage(node).identity()?.incarnation
  return sim.nodes.every(witness => {
    if (witness === node) return true
    const seen = sim.storage(witness).sightings().get(node)
    return seen !== undefined && seen.incarnation === incarnation && seen.turn > turn
  })
}
