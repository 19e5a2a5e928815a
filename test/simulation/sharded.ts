/**
 * A simulated cluster with directory, shards and sessions: the actors of real nodes, watched, with the bug that is
 * planted.
 */
import {
  directoryGroup,
  frontDoor,
  type GroupConfig,
  initialMap,
  nodeActors,
  type ShardMap,
  type Tuning,
} from '@synod/actors'
import type { Simulation } from '@synod/runtime/simulation'
import { drawGroups, keyspacesOf } from './drawn-groups.ts'
import { Observed } from './observed.ts'
import { plantActor, plantedShard } from './planted/transactions.ts'
import { nothingIsLeft, replicasBecomeEqual } from './replicated-checks.ts'
import { ShardWatch } from './shard-watch.ts'
import type { Run } from './suite.ts'

export interface DrawnCluster {
  readonly size: number
  readonly shards: number
  readonly tuning: Partial<Tuning>
}

export interface Sharded {
  readonly sim: Simulation
  readonly map: ShardMap
}

/** Draws how shards lie on groups, notes all that was drawn, and starts the nodes. */
export function startSharded(
  run: Run,
  keyspaces: readonly [first: string, ...others: string[]],
  drawn: DrawnCluster,
): Sharded {
  // A stream of its own: the other draws stay as they are.
  const groups = drawGroups(run.random.fork('groups'), drawn.shards)
  Object.assign(run.setup, drawn, groups)
  const { sim, nodes } = run.simulate(drawn.size)
  const map = initialMap({ nodes, keyspaces: keyspacesOf(keyspaces, { ...drawn, ...groups }) })
  const observed = new Observed(goal => run.reached(goal))
  const watch = new ShardWatch()
  sim.check(() => watch.check())
  for (const node of nodes) {
    const machine = ({ group }: GroupConfig) =>
      group === directoryGroup ? undefined : watch.on(`${node} ${group}`, plantedShard(run, node))
    for (const { type, name, config } of nodeActors({ node, map, tuning: drawn.tuning, machine })) {
      sim.place(node, observed.actor(plantActor(type, name, run.planted), name), name, config)
    }
  }
  return { sim, map }
}

/** After the faults: nothing is under way any more, and replicas hold the same. */
export function settles({ sim, map }: Sharded): void {
  for (const { group, members } of Object.values(map.groups)) {
    const doors = members.map(node => frontDoor(node, group))
    nothingIsLeft(sim, group, doors)
    replicasBecomeEqual(sim, doors)
  }
}
