/** What must hold of Paxos actors after every turn, read from their live states. */
import { address, assert, type NodeId } from '@synod/runtime/protocol'
import type { Simulation } from '@synod/runtime/simulation'
import type { AcceptorState } from '../../../actors/src/paxos/acceptor-state.ts'
import { type Ballot, compareBallots, noBallot, printBallot } from '../../../actors/src/paxos/ballot.ts'
import type { ProposerState } from '../../../actors/src/paxos/proposer-state.ts'

function acceptorOn(sim: Simulation, node: NodeId, group: string): AcceptorState | undefined {
  return sim.state(address(node, 'acceptor', group)) as AcceptorState | undefined
}

/**
 * [PX2] Not even across restarts. A life that follows a loss of memory begins again: what the old one promised to a
 * ballot that no majority promised is lost with it, and nobody counts its votes beside the new ones (PX22).
 */
export function promisesNeverGoBack(group: string): (sim: Simulation, node: NodeId) => void {
  const highest = new Map<string, Ballot>()
  return (sim, node) => {
    const state = acceptorOn(sim, node, group)
    if (state === undefined || !state.votes) return
    const life = `${node} ${state.place.incarnation}`
    const before = highest.get(life) ?? noBallot
    if (state.promise === before) return
    promiseKept(before, state)
    highest.set(life, state.promise)
  }
}

/** [PX2] `before`: what this acceptor had promised, in this life of its memory. */
export function promiseKept(before: Ballot, { promise, place }: AcceptorState): void {
  assert(
    compareBallots(promise, before) >= 0,
    `the promise of ${place.node} went back from ${printBallot(before)} to ${printBallot(promise)}`,
  )
}

/** Whether this member of the group remembers, or has recovered. */
export function acceptorVotes(sim: Simulation, node: NodeId, group: string): boolean {
  return acceptorOn(sim, node, group)?.votes === true
}

/** Whoever believes to lead. */
export function leaderOf(sim: Simulation, group: string): NodeId | undefined {
  return sim.nodes.find(node => {
    const state = sim.state(address(node, 'proposer', group)) as ProposerState | undefined
    return state?.phase.name === 'leading'
  })
}
