/** A member of a Paxos group whose learner keeps failing is taken off as a whole, and the others go on without it. */
import { frontDoor, paxosGroupActors } from '@synod/actors'
import { type AnyActorType, address, type NodeId, nodeId } from '@synod/runtime/protocol'
import { Simulation } from '@synod/runtime/simulation'
import { expect, test } from 'vitest'
import { type Ask, type Reply, registers } from '../simulation/machines/registers.ts'
import { answerTo } from '../simulation/replicated-checks.ts'
import { leaderOf } from '../simulation/suites/paxos-invariants.ts'

const nodes = ['n1', 'n2', 'n3'].map(nodeId)
const group = { group: 'g', protocol: 'paxos', members: nodes, preferred: nodeId('n1') } as const
const roles = ['acceptor', 'proposer', 'learner']

/** A learner that works until `broken` says so, and then throws whatever it is given. */
function frail(type: AnyActorType, broken: () => boolean): AnyActorType {
  return {
    ...type,
    receive(state, event, out) {
      if (broken()) throw new Error('out of order')
      type.receive(state, event, out)
    },
  }
}

function scene() {
  const steps: string[] = []
  let broken = false
  const sim = new Simulation({
    seed: 1,
    nodes,
    mayFail: actor => actor === address(nodeId('n1'), 'learner', 'g'),
    observer: { escalated: (actor, _error, step) => steps.push(`${actor} ${step}`) },
  })
  for (const node of nodes) {
    for (const { type, name, config, group: together } of paxosGroupActors({ group }, registers as never)) {
      const frailHere = node === 'n1' && type.type === 'learner'
      sim.place(node, frailHere ? frail(type, () => broken) : type, name, config, together)
    }
  }
  sim.run(() => leaderOf(sim, 'g') === 'n1')
  const breakLearner = (): void => {
    broken = true
  }
  return { sim, steps, breakLearner }
}

test('[KN34] a leader whose learner keeps failing neither leads nor votes any more, and another takes the lead', () => {
  const { sim, steps, breakLearner } = scene()
  breakLearner()
  const door = frontDoor(nodeId('n1'), 'g')
  // Heartbeats of the proposer do not reach the learner: what clients want does.
  while (!steps.some(step => step.endsWith('groupStopped'))) {
    answerTo(sim, door, { type: 'read', key: 'a' } satisfies Ask)
  }
  expect(steps).toEqual([
    'n1/learner/g groupRestarted',
    'n1/learner/g groupRestarted',
    'n1/learner/g groupStopped',
  ])
  for (const role of roles) expect(sim.state(address(nodeId('n1'), role, 'g'))).toBeUndefined()
  sim.run(() => [nodeId('n2'), nodeId('n3')].some(node => node === leaderOf(sim, 'g')), { maxMs: 10_000 })
  const leader = leaderOf(sim, 'g') ?? nodeId('n1')
  const command = { client: 'c', sequence: 1, action: { op: 'put', key: 'a', value: 1 } } as const
  expect(written(sim, leader, { type: 'run', command })).toBe(true)
  // With another one gone the stopped member would be the majority's second: it is not there.
  sim.crash(leader === 'n2' ? 'n3' : 'n2')
  const read = answerTo(sim, frontDoor(leader, 'g'), { type: 'read', key: 'a' } satisfies Ask)
  expect(read).not.toMatchObject({ status: 'done' })
})

/** A leader takes commands once it has applied a slot of its own. */
function written(sim: Simulation, leader: NodeId, ask: Ask): boolean {
  for (let tries = 0; tries < 100; tries++) {
    const reply = answerTo(sim, frontDoor(leader, 'g'), ask) as Reply | undefined
    if (reply?.status === 'done') return true
    sim.run(sim.now + 10)
  }
  return false
}
