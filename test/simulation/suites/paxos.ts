/**
 * Multi-Paxos: a replicated map of registers and lists under faults. Agreement, validity, equal results and clocks at
 * every apply; promises that never go back; linearizable registers; lists that hold every acknowledged append once;
 * and when the faults end, a leader, everything answered, and replicas that are equal.
 */
import { frontDoor, type GroupConfig, paxosGroupActors, type Tuning } from '@synod/actors'
import type { Address, Json } from '@synod/runtime/protocol'
import { loseMemory } from '../amnesia.ts'
import { drawTuning } from '../drawn-tuning.ts'
import { groupGoals } from '../goals.ts'
import { type Ask, type Command, nameOf, registers, type Waiting } from '../machines/registers.ts'
import { Observed } from '../observed.ts'
import { paxosBugs, plantActor, plantMachine } from '../planted/paxos.ts'
import { RegisterClient } from '../register-client.ts'
import { appendsHold, registersAreLinearizable, replicasBecomeEqual } from '../replicated-checks.ts'
import type { Run, Suite } from '../suite.ts'
import { Witness } from '../witness.ts'
import { leaderOf, promisesNeverGoBack } from './paxos-invariants.ts'

const group = 'g'
type RegisterWitness = Witness<Command, Json, Waiting, Ask>

interface Drawn {
  readonly size: number
  readonly clients: number
  readonly keys: readonly string[]
  readonly padding: number
  readonly faultsMs: number
  readonly amnesia: boolean
  readonly tuning: Partial<Tuning>
}

function draw(run: Run): Drawn {
  const { random } = run
  const size = random.pick([1, 3, 3, 3, 5])
  const keys = ['a', 'b', 'list1', 'c', 'd', 'list2', 'e'].slice(0, random.pick([1, 2, 3, 7]))
  return {
    size,
    clients: run.clients(random.integer(2, 7)),
    keys,
    padding: random.chance(0.3) ? 500 : 0,
    faultsMs: random.integer(2000, 8000),
    amnesia: size > 1 && random.chance(0.3),
    tuning: drawTuning(random),
  }
}

function runPaxos(run: Run): void {
  const drawn = draw(run)
  Object.assign(run.setup, drawn)
  const { sim, nodes } = run.simulate(drawn.size)
  const observed = new Observed(goal => run.reached(goal))
  const witness = new Witness(plantMachine(registers, run.planted), nameOf)
  const config: GroupConfig = { group, protocol: 'paxos', members: nodes, preferred: run.random.pick(nodes) }
  for (const node of nodes) {
    for (const { type, name, config: own } of paxosGroupActors(
      { group: config, tuning: drawn.tuning },
      witness.on(node, () => sim.life(node)),
    )) {
      sim.place(node, observed.actor(plantActor(type, run.planted), name), name, own)
    }
  }
  const doors = nodes.map(node => frontDoor(node, group))
  const clients = startClients(run, drawn, doors, witness)
  sim.check((_sim, node) => witness.check(node, sim.life(node)))
  sim.check(promisesNeverGoBack(group))
  run.setup.mix = run.faults(() => leaderOf(sim, group))
  if (drawn.amnesia) loseMemory(run, [config], drawn.faultsMs)
  sim.run(drawn.faultsMs)
  sim.heal()
  sim.run(() => clients.every(client => client.done), { maxMs: 120_000 })
  replicasBecomeEqual(sim, doors)
  registersAreLinearizable(clients)
  appendsHold(sim, doors, clients)
  run.reached('command applied', witness.applied)
  if (witness.repeated) run.reached('command proposed twice')
}

function startClients(
  run: Run,
  drawn: Drawn,
  doors: readonly Address[],
  witness: RegisterWitness,
): RegisterClient[] {
  return Array.from({ length: drawn.clients }, (_, index) => {
    const client = new RegisterClient(
      {
        sim: run.sim,
        random: run.random.fork(`client ${index}`),
        doors,
        keys: drawn.keys,
        padding: drawn.padding,
        untilMs: drawn.faultsMs + 1000,
        patienceMs: 3000,
        proposes: command => witness.proposes(command),
        reached: goal => run.reached(goal),
      },
      index + 1,
    )
    run.sim.at(0, () => client.next())
    return client
  })
}

export const paxos: Suite = {
  name: 'paxos',
  about:
    'Multi-Paxos: agreement, linearizable registers, nothing lost or doubled, everyone done after the faults',
  goals: [
    'command applied',
    'command proposed twice',
    'leads',
    'lost the lead',
    'hands over',
    'notLeader',
    'lost',
    'gave up',
    ...groupGoals,
  ],
  planted: paxosBugs,
  run: runPaxos,
}
