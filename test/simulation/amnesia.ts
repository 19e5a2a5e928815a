/**
 * Takes a node's memory: its disk, or all that was written since a copy of its folder. At most one node at a time, and
 * only when all others can testify that it has forgotten something: what the amnesia rule promises to survive.
 */
import type { NodeId } from '@synod/runtime/protocol'
import type { Random, Simulation } from '@synod/runtime/simulation'

export interface AmnesiaPorts {
  readonly sim: Simulation
  readonly random: Random
  /** Whether everyone has recovered from earlier losses. */
  readonly allRecovered: () => boolean
  readonly happened: (kind: 'wipe' | 'rollback') => void
}

/** Tries for a loss at random times until `untilMs`, at most `most` times. */
export function loseMemory(ports: AmnesiaPorts, untilMs: number, most: number): void {
  const { sim, random } = ports
  let left = most
  const copies = new Map<NodeId, ReturnType<Simulation['storage']>>()
  const again = () => {
    if (left === 0 || sim.now > untilMs) return
    const node = random.pick(sim.nodes)
    if (copies.size === 0) for (const one of sim.nodes) copies.set(one, sim.storage(one).copy())
    const copy = random.chance(0.5) ? copies.get(node) : undefined
    const turn = copy?.turn() ?? 0
    if (sim.status(node) === 'running' && ports.allRecovered() && allTestify(sim, node, turn)) {
      left -= 1
      copies.delete(node)
      sim.crash(node, copy === undefined ? { wipe: true } : { rollback: copy.copy() })
      ports.happened(copy === undefined ? 'wipe' : 'rollback')
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
