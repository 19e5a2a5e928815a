/**
 * Transactions over shards, with sessions, directory and Paxos groups below: the actors of a real node. Exactly once,
 * all or nothing, serializable, within bounds; and when the faults end, everyone is answered and nothing is left
 * locked, in doubt or owed.
 */
import {
  directoryGroup,
  frontDoor,
  type GroupConfig,
  initialMap,
  nodeActors,
  type ShardMap,
} from '@synod/actors'
import { type NodeId, nodeId } from '@synod/runtime/protocol'
import { type Random, Simulation } from '@synod/runtime/simulation'
import { loseMemory } from '../amnesia.ts'
import { Clients } from '../clients.ts'
import { drawGroups, keyspacesOf } from '../drawn-groups.ts'
import { drawTuning } from '../drawn-tuning.ts'
import { groupGoals, shardGoals } from '../goals.ts'
import { Observed } from '../observed.ts'
import { plantActor, plantedShard, transactionBugs } from '../planted/transactions.ts'
import { nothingIsLeft, replicasBecomeEqual } from '../replicated-checks.ts'
import { serializable } from '../serializable.ts'
import { ShardWatch } from '../shard-watch.ts'
import type { Run, Suite } from '../suite.ts'
import type { Workload, WorkloadPorts } from '../workload.ts'
import { Bank } from '../workloads/bank.ts'
import { HotItem } from '../workloads/hot-item.ts'
import { Keys } from '../workloads/keys.ts'
import { Lists } from '../workloads/lists.ts'
import { leaderOf } from './paxos-invariants.ts'

const workloads: readonly ((ports: WorkloadPorts) => Workload)[] = [
  ports => new Bank(ports),
  ports => new HotItem(ports),
  ports => new Keys(ports),
  ports => new Lists(ports, serializable),
]

function runTransactions(run: Run): void {
  const { random } = run
  const size = random.pick([1, 3, 3, 3, 5])
  const basic = {
    size,
    shards: random.integer(1, 3),
    clients: run.clients(random.integer(1, 8)),
    faultsMs: random.integer(1500, 6000),
    tuning: drawTuning(random),
    amnesia: size > 1 && random.chance(0.2),
  }
  // A stream of its own: the other draws stay as they are.
  const drawn = { ...basic, ...drawGroups(random.fork('groups'), basic.shards) }
  Object.assign(run.setup, drawn)
  const nodes = Array.from({ length: drawn.size }, (_, index) => nodeId(`n${index + 1}`))
  const map = initialMap({ nodes, keyspaces: keyspacesOf(['kv', 'bank', 'stock'], drawn) })
  const sim = new Simulation({
    ...run.options(),
    nodes,
    observer: { note: (_actor, name) => run.reached(name) },
  })
  run.sim = sim
  const observed = new Observed(goal => run.reached(goal))
  const watch = new ShardWatch()
  sim.check(() => watch.check())
  for (const node of nodes) {
    const machine = (group: GroupConfig) => {
      return group.group === directoryGroup
        ? undefined
        : watch.on(`${node} ${group.group}`, plantedShard(run, node))
    }
    for (const { type, name, config } of nodeActors({ node, map, tuning: drawn.tuning, machine })) {
      sim.place(node, observed.actor(plantActor(type, name, run.planted), name), name, config)
    }
  }
  const workload = random.pick(workloads)({
    sim,
    random: random.fork('workload'),
    reached: goal => run.reached(goal),
  })
  run.setup.workload = workload.name
  const clients = new Clients(run, workload, drawn.clients, drawn.faultsMs + 500)
  run.setup.mix = run.faults(() => someLeader(sim, map, random))
  if (drawn.amnesia) loseMemory(run, Object.values(map.groups), drawn.faultsMs)
  sim.run(drawn.faultsMs)
  sim.heal()
  sim.run(() => clients.done, { maxMs: 180_000 })
  settles(sim, map)
  clients.finish()
}

/** Every group in turn: faults that hit leaders find more. */
function someLeader(sim: Simulation, map: ShardMap, random: Random): NodeId | undefined {
  return leaderOf(sim, random.pick(Object.keys(map.groups)))
}

function settles(sim: Simulation, map: ShardMap): void {
  for (const { group, members } of Object.values(map.groups)) {
    const doors = members.map(node => frontDoor(node, group))
    nothingIsLeft(sim, group, doors)
    replicasBecomeEqual(sim, doors)
  }
}

export const transactions: Suite = {
  name: 'transactions',
  about:
    'transactions over shards: exactly once, all or nothing, serializable, within bounds, nothing left behind',
  goals: [
    'finished',
    'committed',
    'committed after a retry',
    'unavailable',
    'unknown',
    'gave up: unknown',
    'gave up: never',
    'refused: outOfBounds',
    'refused: checkFailed',
    'bank: read all',
    'hot item: sold out',
    'lists: committed',
    'keys: read ok',
    ...groupGoals,
    ...shardGoals,
  ],
  planted: transactionBugs,
  run: runTransactions,
}
