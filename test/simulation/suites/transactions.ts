/**
 * Transactions over shards, with sessions, directory and Paxos groups below: the actors of a real node. Exactly once,
 * all or nothing, serializable, within bounds; and when the faults end, everyone is answered and nothing is left
 * locked, in doubt or owed.
 */
import type { ShardMap } from '@synod/actors'
import type { NodeId } from '@synod/runtime/protocol'
import type { Random, Simulation } from '@synod/runtime/simulation'
import { loseMemory } from '../amnesia.ts'
import { Clients } from '../clients.ts'
import { drawTuning } from '../drawn-tuning.ts'
import { groupGoals, shardGoals } from '../goals.ts'
import { transactionBugs } from '../planted/transactions.ts'
import { serializable } from '../serializable.ts'
import { settles, startSharded } from '../sharded.ts'
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
  const drawn = {
    size,
    shards: random.integer(1, 3),
    clients: run.clients(random.integer(1, 8)),
    faultsMs: random.integer(1500, 6000),
    tuning: drawTuning(random),
    amnesia: size > 1 && random.chance(0.2),
  }
  const cluster = startSharded(run, ['kv', 'bank', 'stock'], drawn)
  const { sim, map } = cluster
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
  settles(cluster)
  clients.finish()
}

/** Every group in turn: faults that hit leaders find more. */
function someLeader(sim: Simulation, map: ShardMap, random: Random): NodeId | undefined {
  return leaderOf(sim, random.pick(Object.keys(map.groups)))
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
